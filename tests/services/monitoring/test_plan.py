"""Prometheus: every declared target, named and verified."""

from typing import Any

import pytest
import yaml

from basalt.plan import Plan, plan
from basalt.services.monitoring.scrapes import jobs
from basalt.site import place
from basalt.topology.problem import StackError
from basalt.workload import Limits, Port, Scrape, Tier, Workload
from tests.stacks import DATABASE, ONE_HOST, THREE_HOSTS, raw, topology

WATCHED = raw(DATABASE, services__monitoring={}, services__node={})


def text(made: Plan, path: str = "prometheus.yml") -> str:
    return next(f.text for p in made.planned if p.instance.name == "prometheus-1" for f in p.files if f.path == path)


def config(made: Plan) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(made))
    return found


def targets(made: Plan) -> dict[str, dict[str, str]]:
    groups = [group for job in config(made)["scrape_configs"] for group in job["static_configs"]]
    return {group["targets"][0]: group["labels"] for group in groups}


def test_whatever_offers_metrics_is_scraped_once() -> None:
    made = plan(topology(WATCHED))
    wanted = [made.site.dial(instance, scrape.port) for scrape, instance in made.site.scrapes()]
    assert sorted(targets(made)) == sorted(wanted)


def test_a_series_says_whose_it_is() -> None:
    found = {labels["instance"]: labels for labels in targets(plan(topology(WATCHED))).values()}
    labels = found["postgres-exporter-2"]
    assert labels["subject"] == "postgres-2"
    assert (labels["service"], labels["workload"]) == ("postgres", "postgres-exporter")
    assert (labels["host"], labels["zone"]) == ("local", "a")


def test_certificates_are_verified() -> None:
    for job in config(plan(topology(WATCHED)))["scrape_configs"]:
        authority = "control" if "postgres.rest" in job["job_name"] else "stack"
        workload = job["static_configs"][0]["labels"]["workload"]
        told = {"ca_file": f"/etc/basalt/tls/{authority}/ca.crt", "server_name": workload}
        assert job.get("tls_config") == (told if job["scheme"] == "https" else None)


def test_both_authorities_are_known_and_only_the_stacks_key_is_held() -> None:
    made = plan(topology(WATCHED))
    found = next(p.certificates for p in made.planned if p.instance.name == "prometheus-1")
    assert {(c.authority.name, c.key) for c in found} == {("stack", True), ("control", False)}


def test_ways_of_asking_are_told_apart_and_names_stay_unique() -> None:
    def watched(name: str, *scrapes: Scrape) -> tuple[str, Workload]:
        limits = Limits(memory=64)
        ports = {"metrics": Port(9000, "https")}
        return "one", Workload(name, "image", (), limits, None, Tier.APP, count=2, ports=ports, scrapes=scrapes)

    site = place(
        topology(),
        [
            watched("a", Scrape(job="x"), Scrape(job="x", path="/probe", params=(("module", "tcp"),))),
            watched("b", Scrape(job="x")),
        ],
    )
    found = {job.name: [dict(target.labels)["instance"] for target in job.targets] for job in jobs(site)}
    assert found == {
        "https://a.metrics/metrics": ["a-1", "a-2"],
        "https://a.metrics/probe?module=tcp": ["a-1", "a-2"],
        "https://b.metrics/metrics": ["b-1", "b-2"],
    }


def test_one_replica_more_is_a_reload_and_no_new_container() -> None:
    site = plan(topology(WATCHED)).site
    assert site.reached(site.of("prometheus")[0]) == ()


def test_several_hosts_are_scraped_at_their_outer_ports() -> None:
    made = plan(topology(raw(THREE_HOSTS, services__monitoring={}, services__node={})))
    assert {f"{host.address}:9100" for host in made.topology.hosts.values()} <= set(targets(made))


def test_a_scrape_never_lasts_longer_than_its_interval() -> None:
    found = config(plan(topology(WATCHED, services__monitoring={"interval": 5})))["global"]
    assert (found["scrape_interval"], found["scrape_timeout"]) == ("5s", "5s")


def test_it_is_published_to_its_own_host_unless_told_otherwise() -> None:
    def published(**settings: Any) -> list[tuple[str, int]]:
        made = plan(topology(raw(ONE_HOST, services__monitoring=settings)))
        return [(p.address, p.number) for p in made.site.of("prometheus")[0].workload.publish]

    assert published() == [("127.0.0.1", 9090)]
    assert published(publish="192.0.2.1:443") == [("192.0.2.1", 443)]
    assert published(publish=None) == []


@pytest.mark.parametrize("socket", ["9090", "localhost:9090", "127.0.0.1:", "127.0.0.1:70000"])
def test_what_is_no_socket_is_refused(socket: str) -> None:
    with pytest.raises(StackError, match=r"services\.monitoring\.publish"):
        topology(raw(ONE_HOST, services__monitoring={"publish": socket}))


def test_the_collector_stays_below_the_memory_limit() -> None:
    made = plan(topology(raw(ONE_HOST, services__monitoring={"memory": 1000})))
    workload = made.site.of("prometheus")[0].workload
    assert (workload.limits.memory, workload.environment["GOMEMLIMIT"]) == (1000, "900MiB")
