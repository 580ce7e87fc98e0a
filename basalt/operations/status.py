"""`basalt status`: what a stack is doing now."""

import json
from dataclasses import dataclass

from docker.errors import APIError
from docker.models.containers import Container

from basalt.collect.samples import Sample
from basalt.collect.status import Row, rows, tell
from basalt.operations import objects
from basalt.operations.metrics import ask
from basalt.plan import survey
from basalt.site import Site
from basalt.targets.docker.container import container_name
from basalt.targets.docker.health import well
from basalt.topology.model import Topology

#: Where programs that log JSON have what they say.
_MESSAGE = ("message", "msg", "_msg")

_ALERTS = 'ALERTS{alertstate="firing", severity!="none"}'


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a service tells of itself."""

    service: str
    title: str
    told: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One that fires."""

    severity: str
    name: str
    subject: str


@dataclass(frozen=True, slots=True)
class Status:
    """`sick`: instances that should last and are not running and healthy, with what they are instead and said last."""

    lasting: int
    sick: dict[str, str]
    lines: tuple[Line, ...]
    alerts: tuple[Alert, ...]

    @property
    def well(self) -> bool:
        """Whether nobody has to do anything now."""
        return not self.sick and all(alert.severity != "critical" for alert in self.alerts)


def look(topology: Topology) -> Status:
    """Asks the engines and Prometheus. Raises EngineError, MetricsError."""
    site = survey(topology)
    asked = [(name, row) for name in topology.services for row in rows(name)]
    firing, *answers = ask(site, [_ALERTS, *(row.query for _, row in asked)])
    lines = [Line(name, row.title, _told(row, found)) for (name, row), found in zip(asked, answers, strict=True)]
    lasting = [i for i in site.instances if not i.workload.task]
    return Status(len(lasting), sick(site), tuple(lines), tuple(sorted(map(_alert, firing), key=_urgency)))


def sick(site: Site) -> dict[str, str]:
    """Instances that should last and are not well, with what they are instead. EngineError."""
    there = {str(c.name): c for c in objects.find(site.topology).containers}
    found = {i.name: there.get(container_name(site, i)) for i in site.instances if not i.workload.task}
    return {name: _state(container) for name, container in found.items() if container is None or not well(container)}


def _state(container: Container | None) -> str:
    """What it is instead of well."""
    if container is None:
        return "missing"
    state = container.attrs["State"]
    is_now = str(state["Health"]["Status"] if state["Running"] else state["Status"])
    try:
        last = said(container.logs(tail=1).decode(errors="replace"))
    except APIError:  # removed meanwhile
        return is_now
    return f"{is_now}; it said last: {last}" if last else is_now


def said(line: str) -> str:
    """A line of a log in at most 200 letters, of JSON its message alone."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = line
    if isinstance(entry, dict):
        entry = next((entry[key] for key in _MESSAGE if key in entry), line)
    # Whoever can have a line written may have a terminal's own commands in it.
    return "".join(letter for letter in " ".join(str(entry).split()) if letter.isprintable())[:200]


def _told(row: Row, found: list[Sample]) -> str:
    if not found:
        return "no data"
    told = [(sample.labels.get(row.label, ""), tell(sample.value, row.unit)) for sample in found]
    return ", ".join(f"{whose} {value}".strip() for whose, value in sorted(told))


def _alert(sample: Sample) -> Alert:
    labels = sample.labels
    return Alert(labels.get("severity", ""), labels["alertname"], labels.get("subject", labels.get("service", "")))


def _urgency(alert: Alert) -> tuple[bool, str, str]:
    return alert.severity != "critical", alert.name, alert.subject
