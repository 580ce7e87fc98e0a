"""Looking from outside: every public route, every certificate that is served to whoever comes."""

from copy import deepcopy
from typing import Any

import yaml

from basalt.operations import overview
from basalt.plan import Plan, plan
from basalt.probing import HEALTH, TLS, looks, modules
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology

SHOP = raw(
    DATABASE,
    services__redis={},
    services__app={},
    services__nginx={},
    services__monitoring={},
    services__node={},
    services__blackbox={},
)
HOSTS = raw(
    THREE_HOSTS, services=deepcopy(SHOP["services"]), services__nginx={"domain": "shop.example.com", "members": 2}
)


def text(made: Plan, instance: str, path: str) -> str:
    return next(f.text for p in made.planned if p.instance.name == instance for f in p.files if f.path == path)


def probes(made: Plan) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(text(made, "prometheus-1", "prometheus.yml"))["scrape_configs"]
    return [job for job in jobs if "/probe#" in job["job_name"]]


def labels(made: Plan) -> list[dict[str, str]]:
    return [group["labels"] for job in probes(made) for group in job["static_configs"]]


def test_every_public_route_is_looked_at_through_the_edge() -> None:
    site = plan(topology(SHOP)).site
    edge = site.dial(site.of("nginx")[0], "https")
    found = {look.target for look in looks(site) if look.module.kind == HEALTH}
    assert found == {f"https://{edge}/statusz", f"https://{edge}/pay/statusz"}


def test_on_several_hosts_routes_are_looked_at_where_people_arrive() -> None:
    site = plan(topology(HOSTS)).site
    found = {look.target for look in looks(site) if look.module.kind == HEALTH}
    hosts = [site.host(edge).address for edge in site.of("nginx")]
    assert found == {f"https://{host}:443{path}" for host in hosts for path in ("/statusz", "/pay/statusz")}


def test_the_edge_has_to_prove_the_name_that_people_type() -> None:
    site = plan(topology(HOSTS)).site
    assert {m.certified for m in modules(site) if m.name.endswith("nginx-https")} == {"shop.example.com"}


def test_of_another_application_only_an_answer_is_wanted() -> None:
    parts = {"api": {"command": ["serve"], "routes": ["/"]}}
    made = plan(topology(SHOP, services__app={"image": "registry.example.com/a:1", "parts": parts}))
    (look,) = (look for look in looks(made.site) if look.module.kind not in (HEALTH, TLS))
    assert look.target.endswith(":8443/")
    read = yaml.safe_load(text(made, "blackbox-1", "blackbox.yml"))["modules"][look.module.name]["http"]
    assert 401 in read["valid_status_codes"]
    assert not [code for code in read["valid_status_codes"] if code >= 500]


def test_a_fenced_stack_is_asked_for_no_route() -> None:
    site = plan(topology(SHOP, role="fenced")).site
    assert {look.module.kind for look in looks(site)} == {TLS}


def test_the_certificate_of_every_port_that_metrics_come_from_is_looked_at() -> None:
    site = plan(topology(SHOP)).site
    seen = {look.target for look in looks(site) if look.module.kind == TLS}
    for scrape, instance in site.scrapes():
        if instance.workload.ports[scrape.port].scheme == "https":
            assert site.dial(instance, scrape.port) in seen
    assert site.dial(site.of("nginx")[0], "https") in seen


def test_who_asks_for_a_clients_certificate_is_left_alone() -> None:
    site = plan(topology(SHOP)).site
    assert not [look for look in looks(site) if look.subject.workload.name == "etcd"]
    assert "tls-nginx-status" not in {module.name for module in modules(site)}


def test_no_port_is_opened_for_it() -> None:
    without = plan(topology(raw(HOSTS, services__blackbox=None))).site
    opened = {i.name: without.used_ports(i) for i in without.instances}
    site = plan(topology(HOSTS)).site
    assert {i.name: site.used_ports(i) for i in site.instances if i.name != "blackbox-1"} == opened


def test_prometheus_asks_each_question_once_and_with_a_module_that_there_is() -> None:
    made = plan(topology(SHOP))
    asked = [(one["__param_module"], one["__param_target"]) for one in labels(made)]
    assert sorted(asked) == sorted((look.module.name, look.target) for look in looks(made.site))
    known = yaml.safe_load(text(made, "blackbox-1", "blackbox.yml"))["modules"]
    assert {module for module, _ in asked} == set(known)


def test_whether_the_prober_is_up_is_never_said_of_the_probed() -> None:
    made = plan(topology(SHOP))
    assert {one["subject"] for one in labels(made)} == {"blackbox-1"}
    assert "api-1" in {one["about_subject"] for one in labels(made)}
    for job in probes(made):
        assert job["metric_relabel_configs"][0] == {"action": "labelmap", "regex": "about_(.+)"}


def intervals(made: Plan) -> dict[str, str]:
    return {job["job_name"].partition("#")[2]: job["scrape_interval"] for job in probes(made)}


def test_certificates_are_looked_at_seldom_and_routes_so_often_that_an_outage_is_told_in_half_a_minute() -> None:
    assert intervals(plan(topology(SHOP))) == {"certificates": "120s", "routes": "10s"}


def test_many_routes_are_looked_at_seldom_enough_for_the_rate_limit_of_strangers() -> None:
    parts = {"api": {"routes": ["/", *(f"/{number}" for number in range(19))]}}
    assert intervals(plan(topology(SHOP, services__app={"parts": parts})))["routes"] == "40s"


def test_it_holds_no_key_but_its_own_and_needs_no_capability() -> None:
    made = plan(topology(SHOP))
    found = next(p for p in made.planned if p.instance.name == "blackbox-1")
    assert {(c.authority.name, c.key) for c in found.certificates} == {("stack", True), ("control", False)}
    assert found.instance.workload.capabilities == ()


def test_who_renews_late_is_told_that_an_alert_will_fire() -> None:
    assert not [note for note in overview.notes(topology(SHOP)) if note.startswith("blackbox")]
    late = topology(SHOP, certificates={"days": 20, "renew": 5})
    assert [note for note in overview.notes(late) if "CertificateEndsSoon" in note]
