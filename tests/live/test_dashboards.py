"""Every panel shows something: asked of Prometheus itself, and through Grafana as its pages would ask."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from basalt.collect import dashboards, promql
from basalt.operations.metrics import MetricsError, ask
from basalt.urls import urls
from tests.live.edge import Edge
from tests.live.project import Project
from tests.waiting import until

#: As Grafana computes it for a short time range: four times the default interval of scrapes.
_WINDOW = "1m"
_FACTS = Path("/var/lib/misc/basalt.prom")
#: A run that was killed has left it.
_PLANTED = "# planted by a test\n"


def questions(project: Project) -> list[tuple[str, str]]:
    """(dashboard and panel, query) of everything that is drawn."""
    drawn = {name: json.loads(text)["panels"] for name, text in dashboards.files(project.topology.services)}
    return [
        (f"{name}: {panel['title']}", target["expr"])
        for name, panels in drawn.items()
        for panel in panels
        for target in panel.get("targets", ())
    ]


def order(edge: Edge) -> None:
    """What users do: place an order and read it, twice from the cache."""
    with edge.client("partner") as client:
        placed = client.post("/orders", json={"product": "lamp", "quantity": 1})
        assert placed.status_code == 201, placed.text
        for _ in range(3):
            assert client.get(f"/orders/{placed.json()['id']}").status_code == 200


@pytest.fixture(scope="module")
def facts() -> Iterator[None]:
    """What the role `exporter` writes on the host, where it has not prepared this one."""
    if _FACTS.exists() and not _FACTS.read_text().startswith(_PLANTED):
        yield
        return
    told = (
        "node_reboot_required",
        "node_security_updates_pending",
        "node_addresses_banned",
        "node_files_compared_result",
    )
    _FACTS.write_text(_PLANTED + "".join(f"{name} 0\n" for name in told))
    yield
    _FACTS.unlink()


@pytest.fixture(scope="module")
def used(project: Project, edge: Edge, facts: None) -> Project:
    """The stack, while somebody orders, with every query answered. A rate needs two samples of what happened."""
    asked = questions(project)

    def answered() -> bool:
        order(edge)
        try:
            answers = ask(project.plan.site, [promql.resolved(query, _WINDOW) for _, query in asked])
        except MetricsError as error:
            raise AssertionError(str(error)) from error
        empty = [
            f"{panel}: {query}"
            for (panel, query), samples in zip(asked, answers, strict=True)
            if not any(math.isfinite(sample.value) for sample in samples)
        ]
        assert empty == []
        return True

    until(answered, "an answer of Prometheus to every panel", 180, every=5)
    return project


def test_prometheus_answers_every_panel(used: Project) -> None:
    assert len(questions(used)) > 100


@pytest.fixture(scope="module")
def grafana(project: Project, edge: Edge) -> Iterator[httpx.Client]:
    """Its API, as the administrator."""
    login = ("admin", project.secret("grafana/admin"))
    base = urls(project.plan.site)["grafana-1.web"]
    with httpx.Client(base_url=base, verify=edge.tls, auth=login, timeout=30) as client:
        yield client


def test_grafana_wants_a_password(grafana: httpx.Client) -> None:
    assert grafana.get("/api/search", auth=("admin", "admin")).status_code == 401
    assert grafana.get("/api/search", auth=httpx.Auth()).status_code == 401


def test_grafana_has_every_dashboard(project: Project, grafana: httpx.Client) -> None:
    listed = {found["uid"] for found in grafana.get("/api/search", params={"type": "dash-db"}).json()}
    assert listed == {name.removesuffix(".json") for name, _ in dashboards.files(project.topology.services)}


def test_nobody_changes_a_dashboard_by_hand(grafana: httpx.Client) -> None:
    shown = grafana.get("/api/dashboards/uid/overview").json()["dashboard"]
    answer = grafana.post("/api/dashboards/db", json={"dashboard": shown, "overwrite": True})
    assert answer.status_code == 400
    assert "provisioned" in answer.text


def frames(grafana: httpx.Client, panel: dict[str, Any], since: str) -> list[str]:
    """The queries of a panel that get no value."""
    targets = [{**t, "datasource": panel["datasource"], "intervalMs": 15_000} for t in panel["targets"]]
    answer = grafana.post("/api/ds/query", json={"from": since, "to": "now", "queries": targets})
    assert answer.status_code == 200, f"{panel['title']}: {answer.text}"
    results = answer.json()["results"]
    return [t["expr"] for t in targets if not any(valued(frame) for frame in results[t["refId"]]["frames"])]


def valued(frame: dict[str, Any]) -> bool:
    """Whether a data frame (grafana.com/developers, "Data frames") holds a number."""
    return any(value is not None for column in frame["data"]["values"][1:] for value in column)


def test_grafana_answers_every_panel(used: Project, grafana: httpx.Client) -> None:
    empty = []
    for name, _ in dashboards.files(used.topology.services):
        shown = grafana.get(f"/api/dashboards/uid/{name.removesuffix('.json')}").json()["dashboard"]
        for panel in shown["panels"]:
            if panel["type"] != "row":
                found = frames(grafana, panel, "now-15m")
                empty += [f"{name}: {panel['title']}: {query}" for query in found]
    assert empty == []
