"""What every service folder must hold, whatever the service: as data, so that a test can take a part away."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from basalt.collect import checks, rules, status
from basalt.workload import Workload

#: What always fires proves by that that alerts arrive.
_ALWAYS_FIRES = {("Watchdog", False)}


@dataclass(frozen=True)
class Held:
    """What a service brings: its folder, and what it runs in some stack."""

    name: str
    folder: Path
    workloads: tuple[Workload, ...]


def faults(held: Held) -> Iterator[str]:
    """What is missing. Raises FolderError for a file that cannot be used."""
    yield from _workloads(held)
    yield from _alerts(held)
    if not status.read(held.folder):
        yield "status.yml tells nothing"
    if not checks.read(held.folder):
        yield "checks.yml measures nothing"
    if not (held.folder / "dashboard.py").is_file():
        yield "it has no dashboard.py"


def _workloads(held: Held) -> Iterator[str]:
    if not held.workloads:
        yield "it runs nothing"
    for workload in held.workloads:
        if workload.probe is None and not workload.task:
            yield f"{workload.name} has no probe"
        if workload.limits.memory <= 0 or workload.limits.cpus <= 0:
            yield f"{workload.name} has no limits"
    if not any(workload.scrapes for workload in held.workloads):
        yield "it has no metrics"


def _alerts(held: Held) -> Iterator[str]:
    groups = rules.read(held.folder)
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    if not alerts:
        yield "alerts.yml has no alert"
    if [group["name"] for group in groups] != [held.name]:
        yield "alerts.yml has not one group with the service's name"
    for lost in sorted(rules.headings(held.folder) ^ alerts):
        yield f"runbook.md and alerts.yml do not both have {lost}"
    wanted = {(alert, fires) for alert in alerts for fires in (True, False)}
    for alert, fires in sorted(wanted - set(expectations(held.folder)) - _ALWAYS_FIRES):
        yield f"{alert} is never seen to {'fire' if fires else 'be silent'}"


def expectations(folder: Path) -> list[tuple[str, bool]]:
    """The alerts that a service's tests ask for, and whether they expect it to fire."""
    path = folder / "alerts_test.yml"
    document: dict[str, Any] = yaml.safe_load(path.read_text()) if path.is_file() else {"tests": []}
    asked = [case for test in document["tests"] for case in test["alert_rule_test"]]
    return [(case["alertname"], bool(case["exp_alerts"])) for case in asked]
