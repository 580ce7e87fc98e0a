"""`basalt sla`: how well the public routes of a stack were served, as its status page reports it."""

import json
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, NotFound

from basalt.plan import survey
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import connect
from basalt.topology.model import Topology


class ReportError(Exception):
    """There is no report, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class Line:
    """A component in a period; all of it in words, times in hours and minutes."""

    period: str
    component: str
    uptime: str
    known: str
    incidents: str
    mttr: str
    mtbf: str
    promise: str


def read(topology: Topology) -> dict[str, Any]:
    """The whole report, as the one who keeps account wrote it. Raises EngineError, ReportError."""
    site = survey(topology)
    keeper = next((i for i in site.instances if i.workload.sla_report), None)
    if keeper is None:
        raise ReportError(
            f"stack {topology.name} keeps no account of its uptime; add `statuspage: {{}}` to its services"
        )
    try:
        container = connect(describe(site.host(keeper))).containers.get(container_name(site, keeper))
        code, output = container.exec_run(["cat", keeper.workload.sla_report])
    except (NotFound, APIError) as error:
        raise ReportError(f"{keeper.name} cannot be asked: {error}; is the stack up?") from None
    text = output.decode() if isinstance(output, bytes) else ""
    if code:
        raise ReportError(f"{keeper.name} has no report yet: {text.strip()}; see: docker logs {container.name}")
    found: dict[str, Any] = json.loads(text)
    return found


def lines(report: dict[str, Any], kind: str) -> list[Line]:
    """The report of `kind` (weeks, months), newest first: each component, and all of them together."""
    return [_line(one, each) for one in report[kind] for each in (*one["components"], one["all"])]


def _line(period: dict[str, Any], of: dict[str, Any]) -> Line:
    return Line(
        period["period"] + (" so far" if period["running"] else ""),
        of["title"],
        _percent(of["uptime"]),
        _percent(of["seen"]),
        str(of["incidents"]),
        _hours(of["mttr"]),
        _hours(of["mtbf"]),
        of["availability"],
    )


def _percent(ratio: float | None) -> str:
    return "no data" if ratio is None else f"{int(ratio * 1e5) / 1e3:.3f} %"


def _hours(seconds: float | None) -> str:
    return (
        "none" if seconds is None else f"{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02}:{int(seconds) % 60:02}"
    )
