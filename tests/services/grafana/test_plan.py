"""Grafana: shows what every service draws, and asks whoever answers."""

import configparser
import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.builders import timeseries

from basalt import services
from basalt.collect import dashboards
from basalt.collect.openings import openings
from basalt.collect.panels import SOURCE
from basalt.operations import overview
from basalt.plan import Plan, plan, survey
from basalt.topology.problem import StackError
from tests.stacks import ONE_HOST, THREE_HOSTS, raw, topology

WATCHED = raw(ONE_HOST, services__monitoring={}, services__grafana={})
HOSTS = raw(THREE_HOSTS, services=deepcopy(WATCHED["services"]))


def texts(made: Plan) -> dict[str, str]:
    return {f.path: f.text for p in made.planned if p.instance.name == "grafana-1" for f in p.files}


def settings(made: Plan) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(texts(made)["grafana.ini"])
    return parser


def source(made: Plan) -> dict[str, Any]:
    (only,) = yaml.safe_load(texts(made)["provisioning/datasources/metrics.yml"])["datasources"]
    assert isinstance(only, dict)
    return only


def test_it_shows_every_service_of_the_stack_and_no_other() -> None:
    shown = {path for path in texts(plan(topology(WATCHED))) if path.startswith("dashboards/")}
    expected = ("etcd", "grafana", "monitoring", "overview", "week")
    assert shown == {f"dashboards/{name}.json" for name in expected}


def test_its_home_is_the_overview() -> None:
    made = plan(topology(WATCHED))
    home = settings(made)["dashboards"]["default_home_dashboard_path"].removeprefix("/etc/basalt/")
    assert json.loads(texts(made)[home])["title"] == "overview"


def test_it_asks_prometheus_and_wants_its_name_proved() -> None:
    made = plan(topology(WATCHED, services__monitoring__interval=30))
    asked = source(made)
    assert asked["url"] == f"https://{made.site.of('prometheus')[0].address}:9090"
    assert (asked["uid"], asked["isDefault"]) == (SOURCE, True)
    assert asked["jsonData"]["serverName"] == "prometheus"
    assert asked["jsonData"]["timeInterval"] == "30s"
    assert asked["secureJsonData"]["tlsCACert"] == "$__file{/etc/basalt/tls/stack/ca.crt}"


def test_on_several_hosts_prometheus_is_open_to_the_host_that_asks() -> None:
    site = survey(topology(HOSTS))
    prometheus, grafana = site.of("prometheus")[0], site.of("grafana")[0]
    address = str(site.host(prometheus).address)
    (opening,) = [o for o in openings(site, prometheus.host) if (o.instance, o.address) == ("prometheus-1", address)]
    assert f"{site.host(grafana).address}/32" in opening.sources


def test_its_passwords_are_in_files() -> None:
    made = plan(topology(WATCHED))
    security = settings(made)["security"]
    folder = "$__file{/etc/basalt/secrets/grafana"
    assert (security["admin_password"], security["secret_key"]) == (f"{folder}/admin}}", f"{folder}/key}}")
    assert texts(made)["secrets/grafana/admin"] == "@@secret:grafana/admin@@"
    (grafana,) = made.site.of("grafana")
    assert "@@" not in repr((grafana.workload.environment, grafana.workload.command))


def test_it_serves_tls_only_and_keeps_nothing() -> None:
    made = plan(topology(WATCHED))
    (grafana,) = made.site.of("grafana")
    assert settings(made)["server"]["protocol"] == "https"
    assert grafana.workload.volumes == ()
    assert settings(made)["paths"]["data"] in {scratch.path for scratch in grafana.workload.tmpfs}
    assert grafana.workload.reload is None


@pytest.mark.parametrize(("environment", "published"), [("dev", 1), ("test", 1), ("staging", 0), ("prod", 0)])
def test_it_is_published_where_one_person_works(environment: str, published: int) -> None:
    (grafana,) = survey(topology(HOSTS, environment=environment)).of("grafana")
    assert len(grafana.workload.publish) == published


def test_it_is_published_where_the_stack_says() -> None:
    (grafana,) = survey(topology(HOSTS, services__grafana={"publish": "192.0.2.1:443"})).of("grafana")
    assert [(p.address, p.number) for p in grafana.workload.publish] == [("192.0.2.1", 443)]
    made = plan(topology(HOSTS, services__grafana={"publish": "192.0.2.1:443"}))
    assert settings(made)["server"]["root_url"] == "https://192.0.2.1:443"


def test_its_certificate_bears_what_people_type() -> None:
    made = plan(topology(HOSTS, services__grafana={"publish": "0.0.0.0:443"}))
    (grafana,) = [p for p in made.planned if p.instance.name == "grafana-1"]
    assert str(made.site.host(grafana.instance).address) in grafana.certificates[0].names
    (hidden,) = [p for p in plan(topology(HOSTS)).planned if p.instance.name == "grafana-1"]
    assert set(hidden.certificates[0].names) == {"grafana-1", "grafana", "localhost"}


def test_the_server_that_is_built_here_says_what_it_lacks() -> None:
    assert overview.notes(topology(WATCHED)) == []
    built = topology(WATCHED, services__grafana={"image": "grafana"})
    assert [note for note in overview.notes(built) if note.startswith("grafana: no web pages")]
    assert "no web pages" in survey(built).of("grafana")[0].workload.publish[0].note


def test_without_metrics_there_is_nothing_to_show() -> None:
    with pytest.raises(StackError, match=r"services\.grafana: 'grafana': shows metrics, which nobody gathers; add"):
        topology(raw(ONE_HOST, services__grafana={}))


def test_a_stack_with_a_wrong_dashboard_is_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "panels", lambda name: (timeseries.Panel().title("lag"),))
    dashboards.read.cache_clear()
    try:
        with pytest.raises(dashboards.DashboardError, match=r"etcd/dashboard\.py: lag: it has no description; say"):
            plan(topology(WATCHED))
    finally:
        dashboards.read.cache_clear()
