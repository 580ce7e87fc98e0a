"""How well it was served: weeks and months, against what is promised. Pure.

Uptime is the share of the known time in which users were served. Of the incidents that began in the period, the mean
time to restore (MTTR) is how long one lasted, and the mean time between failures (MTBF) the known time without an
incident, for each of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from statuspage.config import Config
from statuspage.history import Day, History
from statuspage.incidents import Event, events


class Verdict(StrEnum):
    """Whether a promise was kept. `OPEN`: what is not known, or has not passed, would decide."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Period:
    """`name` as ISO 8601 writes it (2026-W09, 2026-03), `title` as people do."""

    name: str
    title: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a component, or of all (`path` is empty: the mean of their times, and incidents of any). Times in seconds;
    None where there is nothing to divide by. `seen` is the share of the time so far that is known."""

    path: str
    title: str
    slo: float
    uptime: float | None
    seen: float
    down: float
    incidents: int
    mttr: float | None
    mtbf: float | None
    availability: Verdict
    reliability: Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """A period. The first of `figures` are those of all. `running`: it has not ended."""

    period: Period
    running: bool
    figures: tuple[Figures, ...]


def months(since: float, now: float) -> Iterator[Period]:
    """From the newest to the one that `since` is in."""
    begin = _utc(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (begin + timedelta(days=31)).replace(day=1)
    while end.timestamp() > since:
        yield Period(f"{begin:%Y-%m}", f"{begin:%B %Y}", begin.timestamp(), end.timestamp())
        end, begin = begin, (begin - timedelta(days=1)).replace(day=1)


def weeks(since: float, now: float) -> Iterator[Period]:
    """From the newest to the one that `since` is in; they begin on Mondays."""
    midnight = _utc(now).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight - timedelta(days=midnight.weekday())
    while (end := begin + timedelta(days=7)).timestamp() > since:
        title = f"Week of {begin.day} {begin:%B %Y}"
        yield Period(f"{begin:%G-W%V}", title, begin.timestamp(), end.timestamp())
        begin -= timedelta(days=7)


def _utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def report(history: History, config: Config, period: Period, now: float) -> Report:
    """What came of a period, or came of it so far."""
    total = min(period.end, now) - max(period.begin, history.since)
    sums = {c.path: _sum(history.days.get(c.path, {}), period) for c in config.components}
    own = [
        _figures(c.path, c.title, c.slo, (total, sums[c.path]), _during(history, config, period, c.path), config)
        for c in config.components
    ]
    count = max(1, len(own))
    mean = Day(sum(day.good for day in sums.values()) / count, sum(day.known for day in sums.values()) / count)
    slo = min((c.slo for c in config.components), default=1.0)
    every = _figures("", "All", slo, (total, mean), _during(history, config, period), config)
    return Report(period, period.end > now, (every, *own))


def _sum(days: Mapping[str, Day], period: Period) -> Day:
    first, last = (f"{_utc(moment):%Y-%m-%d}" for moment in (period.begin, period.end))
    inside = [day for date, day in days.items() if first <= date < last]
    return Day(sum(day.good for day in inside), sum(day.known for day in inside))


def _during(history: History, config: Config, period: Period, path: str = "") -> tuple[Event, ...]:
    """The incidents that began in a period."""
    concerned = [one for one in history.incidents if not path or path in one.components]
    return tuple(e for e in events(concerned, config) if period.begin <= e.begin < period.end)


def _figures(
    path: str, title: str, slo: float, time: tuple[float, Day], found: Sequence[Event], config: Config
) -> Figures:
    total, day = time
    failing = sum(event.seconds for event in found)
    mtbf = max(0.0, day.known - failing) / len(found) if found else None
    return Figures(
        path,
        title,
        slo,
        day.good / day.known if day.known else None,
        min(1.0, day.known / total) if total > 0 else 0.0,
        day.known - day.good,
        len(found),
        failing / len(found) if found else None,
        mtbf,
        kept(day, total, slo),
        reliable(len(found), mtbf, total / 3600, config.mtbf_hours),
    )


def kept(day: Day, total: float, slo: float) -> Verdict:
    """Kept if it would be even though all unknown time was downtime; missed if it was even though all was uptime."""
    unknown = max(0.0, total - day.known)
    if total <= 0 or not day.known:
        return Verdict.OPEN
    if day.good >= slo * (day.known + unknown):
        return Verdict.MET
    return Verdict.MISSED if day.good + unknown < slo * (day.known + unknown) else Verdict.OPEN


def reliable(incidents: int, mtbf: float | None, hours: float, wanted: float) -> Verdict:
    """Whether failures were far enough apart. One failure in less than the wanted time tells nothing yet."""
    if mtbf is None or mtbf / 3600 >= wanted:
        return Verdict.MET
    return Verdict.OPEN if incidents == 1 and hours < wanted else Verdict.MISSED


def document(reports: Mapping[str, Iterable[Report]], config: Config, now: float) -> dict[str, Any]:
    """All reports, for programs: `sla.json`. Keys of `reports`: weeks, months."""
    head = {"title": config.title, "updated": _utc(now).isoformat(timespec="minutes"), "mtbf_hours": config.mtbf_hours}
    return head | {kind: [_plain(one) for one in found] for kind, found in reports.items()}


def _plain(one: Report) -> dict[str, Any]:
    figures = [{key: _round(value) for key, value in asdict(each).items()} for each in one.figures]
    return {"period": one.period.name, "running": one.running, "all": figures[0], "components": figures[1:]}


def _round(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
