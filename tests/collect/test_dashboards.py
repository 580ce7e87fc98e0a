"""Dashboards are made of what each service draws."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.builders import timeseries

from basalt import services
from basalt.collect import dashboards, status
from basalt.collect.panels import COLUMNS, SOURCE, Panel, Unit, figure, stacked, trend

WELL = ("waiting", "Mail that users wait for.", Unit.COUNT)


def shown() -> dict[str, dict[str, Any]]:
    """Every dashboard that all services together give, by its file's name."""
    return {name: json.loads(text) for name, text in dashboards.files(services.names())}


def graphs(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes a service of the name `mail` draw something."""
    with monkeypatch.context() as patch:
        yield lambda *panels: patch.setattr(services, "panels", lambda name: panels)
    dashboards.read.cache_clear()


@pytest.mark.parametrize(
    ("panel", "remedy"),
    [
        (trend("", *WELL[1:], {"all": "mail"}), "a panel without a title: .*give it a title"),
        (trend("waiting", "", Unit.COUNT, {"all": "mail"}), "waiting: it has no description; say"),
        (timeseries.Panel().title("waiting").description("Mail."), "waiting: it has no unit; choose"),
        (trend(*WELL, {}), "waiting: it has no query; give it one"),
        (figure(*WELL, ""), "waiting: '' is no PromQL: no expression"),
        (stacked(*WELL, {"a": "mail", "b": "sum(mail"}), r"waiting: 'sum\(mail' is no PromQL: unclosed"),
    ],
)
def test_a_panel_that_would_say_nothing_is_refused(panel: Panel, remedy: str, draws: Any) -> None:
    draws(panel)
    with pytest.raises(dashboards.DashboardError, match=rf"services/mail/dashboard\.py: {remedy}"):
        dashboards.read("mail")


def test_a_service_may_draw_nothing(draws: Any) -> None:
    draws()
    assert [name for name, _ in dashboards.files(["mail"])] == ["overview.json", "week.json"]


def test_every_service_has_a_dashboard_of_its_name() -> None:
    assert set(shown()) == {f"{name}.json" for name in (*services.names(), "overview", "week")}
    assert all(dashboard["uid"] == name.removesuffix(".json") for name, dashboard in shown().items())


def test_the_overview_has_a_row_for_each_service_with_its_status_and_its_first_panel() -> None:
    titles = [panel["title"] for panel in shown()["overview.json"]["panels"]]
    for name in services.names():
        after = titles[titles.index(name) + 1 :]
        expected = [row.title for row in status.rows(name)] + [str(dashboards.read(name)[0].title)]
        assert after[: len(expected)] == expected


def test_the_week_shows_the_first_panel_of_each_service_over_seven_days() -> None:
    week = shown()["week.json"]
    assert [panel["title"].partition(":")[0] for panel in week["panels"]] == list(services.names())
    assert week["time"]["from"] == "now-7d"


def test_panels_stand_inside_the_grid_and_not_on_each_other() -> None:
    for dashboard in shown().values():
        places = [panel["gridPos"] for panel in dashboard["panels"]]
        assert all(place["x"] + place["w"] <= COLUMNS for place in places)
        for one, other in combinations(places, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
            assert beside or above, (dashboard["title"], one, other)


def test_every_panel_has_a_number_of_its_own_and_asks_the_stacks_metrics() -> None:
    for dashboard in shown().values():
        numbers = [panel["id"] for panel in dashboard["panels"]]
        assert len(numbers) == len(set(numbers))
        assert {panel["datasource"]["uid"] for panel in graphs(dashboard)} == {SOURCE}


def test_a_dashboard_is_the_same_each_time_and_leaves_panels_as_they_are() -> None:
    assert dict(dashboards.files(services.names())) == dict(dashboards.files(services.names()))
    assert {panel.id_val for name in services.names() for panel in dashboards.read(name)} == {None}


def test_nothing_in_the_collector_names_a_service() -> None:
    source = (services.folder("..").resolve() / "collect" / "dashboards.py").read_text()
    assert [name for name in services.names() if re.search(rf'"{name}"', source)] == []
