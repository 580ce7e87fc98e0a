"""What the writer tells of itself (prometheus.io/docs, "Text-based format")."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from statuspage.config import Config
from statuspage.history import History
from statuspage.incidents import events
from statuspage.report import months, report


class Gauge(NamedTuple):
    """`values` by component; one without is of all."""

    name: str
    help: str
    values: Mapping[str, float]


def text(history: History, config: Config, now: float, seconds: float) -> str:
    """`seconds`: how long the last turn took."""
    return "".join(line for gauge in _gauges(history, config, now, seconds) for line in _lines(gauge))


def _gauges(history: History, config: Config, now: float, seconds: float) -> Iterator[Gauge]:
    yield Gauge("statuspage_written_timestamp_seconds", "When the pages were last written", {"": now})
    yield Gauge("statuspage_turn_duration_seconds", "How long it took to ask and to write", {"": seconds})
    if not config.components:
        return
    lasting = sum(not event.over for event in events(history.incidents, config))
    yield Gauge("statuspage_data_timestamp_seconds", "When a public route was last looked at", {"": history.seen})
    yield Gauge("statuspage_incidents", "Incidents that last", {"": lasting})
    month = report(history, config, next(months(now, now)), now)
    uptime = {one.title: one.uptime for one in month.figures if one.path and one.uptime is not None}
    yield Gauge("statuspage_uptime_ratio", "Share of the month so far in which users were served", uptime)


def _lines(gauge: Gauge) -> Iterator[str]:
    yield f"# HELP {gauge.name} {gauge.help}\n# TYPE {gauge.name} gauge\n"
    for component, value in gauge.values.items():
        label = f'{{component="{_quoted(component)}"}}' if component else ""
        yield f"{gauge.name}{label} {value!r}\n"


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
