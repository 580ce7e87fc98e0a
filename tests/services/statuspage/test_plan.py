"""The status page of a topology: what it is about, whom it asks, where it stands."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from statuspage.config import Config, parse

from basalt.collect.openings import openings
from basalt.plan import Plan, plan
from basalt.services.statuspage.settings import Settings
from basalt.topology.problem import StackError
from basalt.urls import urls
from basalt.workload import Tier
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology

SHOP = raw(
    DATABASE,
    services__redis={},
    services__app={},
    services__nginx={},
    services__monitoring={},
    services__blackbox={},
    services__statuspage={},
)
HOSTS = raw(
    THREE_HOSTS, services=deepcopy(SHOP["services"]), services__nginx={"domain": "shop.example.com", "members": 2}
)
HOSTS["hosts"]["watch-1"] = {
    "address": "192.0.2.41",
    "zone": "d",
    "cores": 4,
    "memory_gb": 8,
    "engine": "ssh://ops@watch-1",
    "tiers": ["watch"],
}
for _name in ("data-1", "data-2", "data-3"):
    HOSTS["hosts"][_name]["tiers"] = ["control", "data", "app", "edge", "backup"]


def content(made: Plan) -> dict[str, Any]:
    (text,) = (f.text for p in made.planned for f in p.files if f.path == "statuspage.json")
    found: dict[str, Any] = json.loads(text)
    return found


def read(base: dict[str, Any], **changes: Any) -> Config:
    """As the writer reads it."""
    return parse(json.dumps(content(plan(topology(base, **changes)))))


def test_it_is_about_every_public_route() -> None:
    shown = read(SHOP)
    assert [(c.path, c.title, c.workload, c.service) for c in shown.components] == [
        ("/", "localhost", "api", "app"),
        ("/pay", "Pay", "payment", "app"),
    ]


def test_each_edge_is_a_way_in() -> None:
    assert [len(component.targets) for component in read(HOSTS).components] == [2, 2]


def test_people_call_components_as_the_stack_file_says() -> None:
    shown = read(SHOP, services__statuspage={"title": "Is the shop open?", "titles": {"/pay": "Payments"}})
    assert (shown.title, [one.title for one in shown.components]) == ("Is the shop open?", ["localhost", "Payments"])


def test_what_the_service_behind_promises_is_promised() -> None:
    slo = {"parts": {"api": {"routes": ["/"]}}, "slo": {"availability": 99.5}}
    assert [one.slo for one in read(SHOP, services__app=slo).components] == [0.995]


def test_it_asks_whoever_answers_and_has_it_prove_its_name() -> None:
    (source,) = read(HOSTS).sources
    assert source.address == "192.0.2.41:9090"
    assert (source.certified, source.authority) == ("prometheus", "/etc/basalt/tls/stack/ca.crt")


def test_the_port_that_it_asks_at_is_open_to_its_host() -> None:
    apart = deepcopy(HOSTS)
    apart["hosts"]["watch-2"] = {**apart["hosts"]["watch-1"], "address": "192.0.2.42", "engine": "ssh://ops@watch-2"}
    site = plan(topology(apart)).site
    ((_, asked),) = site.answers()
    (writer,) = site.of("statuspage-writer")
    (opening,) = (o for o in openings(site, asked.host) if o.instance == "prometheus-1" and o.address != "127.0.0.1")
    assert f"{site.host(writer).address}/32" in opening.sources


def test_looks_stand_as_long_as_the_prober_makes_them() -> None:
    assert read(SHOP).interval == 10


def test_it_uses_nothing_that_it_reports_on() -> None:
    site = plan(topology(HOSTS)).site
    for name in ("statuspage", "statuspage-writer"):
        (instance,) = site.of(name)
        assert instance.workload.uses == ()
        assert instance.workload.tier is Tier.WATCH
        assert instance.host == "watch-1"


def test_the_server_holds_the_only_key_and_the_writer_no_port() -> None:
    made = plan(topology(HOSTS))
    held = {
        p.instance.name: [c.key for c in p.certificates] for p in made.planned if p.instance.service == "statuspage"
    }
    assert held == {"statuspage-1": [True], "statuspage-writer-1": [False]}
    assert made.site.of("statuspage-writer")[0].workload.ports == {}


@pytest.mark.parametrize(
    ("base", "settings", "url", "name"),
    [
        (SHOP, {}, "https://127.0.0.1:8444", "localhost"),
        (SHOP, {"publish": "192.0.2.9:4443"}, "https://192.0.2.9:4443", "192.0.2.9"),
        (HOSTS, {}, "https://status.shop.example.com", "status.shop.example.com"),
        (HOSTS, {"domain": "up.example.com"}, "https://up.example.com", "up.example.com"),
    ],
)
def test_its_certificate_bears_what_people_type(
    base: dict[str, Any], settings: dict[str, Any], url: str, name: str
) -> None:
    made = plan(topology(base, services__statuspage=settings))
    assert content(made)["url"] == url
    (server,) = (p for p in made.planned if p.instance.name == "statuspage-1")
    assert name in server.certificates[0].names


def test_outside_dev_it_listens_where_people_come() -> None:
    assert urls(plan(topology(HOSTS)).site)["statuspage-1.web"] == "https://192.0.2.41:443"


def test_alerts_of_services_with_routes_are_told_and_others_when_there_are_words() -> None:
    alerts = read(
        SHOP, services__statuspage={"alerts": {"RedisNoMaster": "Log-ins may fail", "AppLatencyCritical": False}}
    )
    assert alerts.alerts["RedisNoMaster"] == "Log-ins may fail"
    assert alerts.alerts["AppErrorsCritical"] == ""
    assert {"AppLatencyCritical", "PostgresNoPrimary", "ProbeFailing"}.isdisjoint(alerts.alerts)


def test_a_fenced_stack_has_a_page_about_nothing() -> None:
    assert read(SHOP, role="fenced", services__statuspage={"titles": {"/pay": "Payments"}}).components == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"services__statuspage": {"titles": {"/payy": "Pay"}}},
            r"titles\./payy: .*no such public route; did you mean /pay",
        ),
        ({"services__statuspage": {"titles": {"/events": "Live"}}}, "there are /, /pay"),
        (
            {"services__statuspage": {"alerts": {"RedisNoMastr": "x"}}},
            "alerts.RedisNoMastr: .*did you mean RedisNoMaster",
        ),
        ({"services__statuspage": {"alerts": {"RedisNoMaster": ""}}}, "alerts.RedisNoMaster"),
        ({"services__statuspage": {"publish": "8444"}}, "publish: .*write address:port"),
        ({"services__statuspage": {"publish": "127.0.0.1:8443"}}, "both want port 8443"),
        ({"services__blackbox": None}, "nobody looks at the routes; add `blackbox: {}`"),
        ({"services__monitoring": None}, "shows metrics, which nobody gathers; add the service that does"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(StackError, match=rf"services\.statuspage.*{told}"):
        topology(SHOP, **changes)


@pytest.mark.parametrize(
    ("workload", "line", "read"),
    [
        ("statuspage", "2026/11/25 07:18:59 [error] 7#7: *1 open() failed", ("error", "7#7: *1 open() failed")),
        ("statuspage-writer", "WARNING nobody tells how it is: x", ("WARNING", "nobody tells how it is: x")),
    ],
)
def test_levels_are_read_from_its_logs(workload: str, line: str, read: tuple[str, str]) -> None:
    declared = plan(topology(SHOP)).site.of(workload)[0].workload.log_format
    assert declared is not None
    found = re.match(declared.pattern, line)
    assert found is not None
    assert (found["level"], found["message"]) == read


def test_a_year_of_months_is_kept_at_least() -> None:
    assert Settings().keep_days > 366
