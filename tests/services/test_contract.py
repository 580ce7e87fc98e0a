"""What every service folder must hold, whatever the service."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from basalt import services
from basalt.collect import dashboards, promql, rules, status
from tests.promtool import run

each_service = pytest.mark.parametrize("service", services.names())


def expectations(folder: Path) -> list[tuple[str, bool]]:
    """The alerts that a service's tests ask for, and whether they expect it to fire."""
    document: dict[str, Any] = yaml.safe_load((folder / "alerts_test.yml").read_text())
    asked = [case for test in document["tests"] for case in test["alert_rule_test"]]
    return [(case["alertname"], bool(case["exp_alerts"])) for case in asked]


@each_service
def test_it_has_alerts_and_a_chapter_of_the_runbook_for_each(service: str) -> None:
    alerts = set(rules.names([service]))
    assert alerts
    assert rules.headings(services.folder(service)) == alerts


@each_service
def test_each_alert_is_seen_to_fire_and_to_be_silent(service: str) -> None:
    wanted = {(alert, fires) for alert in rules.names([service]) for fires in (True, False)}
    # What always fires proves by that that alerts arrive.
    assert wanted - set(expectations(services.folder(service))) <= {("Watchdog", False)}


@each_service
def test_it_tells_how_it_is(service: str) -> None:
    assert status.rows(service)


@each_service
def test_it_has_a_dashboard_with_a_dozen_panels_at_most(service: str) -> None:
    titles = [panel.title for panel in dashboards.read(service)]
    assert 6 <= len(titles) <= 13
    assert len(titles) == len(set(titles))


@each_service
def test_prometheus_understands_what_its_panels_and_its_status_ask(service: str, tmp_path: Path) -> None:
    panels = [query for panel in dashboards.read(service) for query in dashboards.queries(panel)]
    asked = [*map(promql.resolved, panels), *(row.query for row in status.rows(service))]
    recorded = [{"record": f"asked:{number}", "expr": query} for number, query in enumerate(asked)]
    (tmp_path / "asked.yml").write_text(yaml.safe_dump({"groups": [{"name": service, "rules": recorded}]}))
    run("check", "rules", "--lint-fatal", "asked.yml", folder=tmp_path)


@each_service
def test_its_group_bears_its_name(service: str) -> None:
    assert [group["name"] for group in rules.read(services.folder(service))] == [service]


def test_a_name_means_one_alert_of_one_service() -> None:
    taken = Counter(rules.names(services.names()))
    assert [name for name, times in taken.items() if times > 1] == []


@each_service
def test_prometheus_reads_its_rules(service: str) -> None:
    run("check", "rules", "--lint-fatal", "alerts.yml", folder=services.folder(service))


@each_service
def test_its_alerts_fire_when_they_should(service: str) -> None:
    run("test", "rules", "alerts_test.yml", folder=services.folder(service))
