"""What every service folder must hold, whatever the service, and that the lack of any part is seen."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from basalt import services
from basalt.collect import dashboards, promql, rules, status
from basalt.collect.faults import FolderError
from basalt.plan import survey
from basalt.topology.load import load_stack
from basalt.workload import Limits
from tests.promtool import run
from tests.services.contract import Held, faults

ROOT = Path(__file__).parent.parent.parent

each_service = pytest.mark.parametrize("service", services.names())


@cache
def held(service: str) -> Held:
    """A service as the stacks of the repository have it."""
    stacks = sorted(ROOT.glob("stacks/Pulumi.*.yaml"))
    sites = (survey(load_stack(ROOT, path.name.removeprefix("Pulumi.").removesuffix(".yaml"))) for path in stacks)
    found = {i.workload.name: i.workload for site in sites for i in site.instances if i.service == service}
    return Held(service, services.folder(service), tuple(found.values()))


@each_service
def test_it_holds_all_that_a_service_must(service: str) -> None:
    assert list(faults(held(service))) == []


def without_probes(whole: Held) -> Held:
    return replace(whole, workloads=tuple(replace(workload, probe=None) for workload in whole.workloads))


def without_limits(whole: Held) -> Held:
    return replace(whole, workloads=tuple(replace(workload, limits=Limits(0, 0)) for workload in whole.workloads))


def without_metrics(whole: Held) -> Held:
    return replace(whole, workloads=tuple(replace(workload, scrapes=()) for workload in whole.workloads))


def without(*names: str) -> Callable[[Held], Held]:
    """A part that files of the folder hold."""

    def removed(whole: Held) -> Held:
        for name in names:
            (whole.folder / name).unlink()
        return whole

    return removed


PARTS: dict[str, tuple[Callable[[Held], Held], str]] = {
    "probe": (without_probes, "has no probe"),
    "limits": (without_limits, "has no limits"),
    "metrics": (without_metrics, "it has no metrics"),
    "alerts": (without("alerts.yml"), "alerts.yml has no alert"),
    "tests of the alerts": (without("alerts_test.yml"), "is never seen to fire"),
    "runbook": (without("runbook.md"), "whoever is woken finds no help"),
    "status": (without("status.yml"), "status.yml tells nothing"),
    "checks": (without("checks.yml"), "checks.yml measures nothing"),
    "dashboard": (without("dashboard.py"), "it has no dashboard.py"),
}


def told(one: Held) -> str:
    """What is missing, or cannot be used."""
    try:
        return "\n".join(faults(one))
    except FolderError as error:
        return str(error)


@each_service
@pytest.mark.parametrize("part", PARTS)
def test_the_lack_of_any_part_is_seen(part: str, service: str, tmp_path: Path) -> None:
    whole = held(service)
    copy = replace(whole, folder=shutil.copytree(whole.folder, tmp_path / service))
    assert told(copy) == ""
    remove, lack = PARTS[part]
    gone = shutil.copytree(whole.folder, tmp_path / "gone")
    assert lack in told(remove(replace(whole, folder=gone)))


@each_service
def test_each_alert_without_its_chapter_of_the_runbook_is_seen(service: str, tmp_path: Path) -> None:
    for alert in rules.names([service]):
        folder = shutil.copytree(services.folder(service), tmp_path / alert)
        runbook = folder / "runbook.md"
        runbook.write_text(runbook.read_text().replace(f"## {alert}\n", f"### {alert}\n"))
        assert f"add a heading `## {alert}`" in told(replace(held(service), folder=folder))


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


def test_a_name_means_one_alert_of_one_service() -> None:
    taken = Counter(rules.names(services.names()))
    assert [name for name, times in taken.items() if times > 1] == []


@each_service
def test_prometheus_reads_its_rules(service: str) -> None:
    run("check", "rules", "--lint-fatal", "alerts.yml", folder=services.folder(service))


@each_service
def test_its_alerts_fire_when_they_should(service: str) -> None:
    run("test", "rules", "alerts_test.yml", folder=services.folder(service))
