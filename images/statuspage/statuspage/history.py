"""What is kept: for each day and component the seconds that are known, and incidents. Pure, but for reading and writing
the file.

Whatever is cut at any moment and gone on with later gives the same history (tests/services/statuspage)."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import dropwhile
from pathlib import Path

from statuspage.looks import Trouble
from statuspage.spans import Span, Track, opposite

#: Seconds. What fails again so soon was not repaired.
_MERGE = 60
#: Seconds. What fails on both sides of a time of which nothing is known, failed in between, unless that was long.
_BRIDGE = 3600

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Day:
    """Seconds that are known, and of these those in which users were served."""

    good: float = 0.0
    known: float = 0.0


@dataclass(frozen=True, slots=True)
class Incident:
    """`worst`: the least share of the ways in that answered. `over`: it was seen to be good again."""

    components: tuple[str, ...]
    what: str
    begin: float
    end: float
    worst: float
    over: bool = False

    @property
    def trouble(self) -> Trouble:
        """What it is about."""
        return Trouble(self.components, self.what)


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of the time before `until`, by component and day (2026-03-01). `since` and `seen`: the first
    and the last moment of which anything is known; 0 when there is none."""

    until: float
    days: Mapping[str, Mapping[str, Day]] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    since: float = 0.0
    seen: float = 0.0


def account(history: History, routes: Mapping[str, Track], alerts: Mapping[Trouble, Track], end: float) -> History:
    """The history with what is known of the time from where it ended up to `end`. What has no track does not fire."""
    routes = {path: track if history.days.get(path) else opened(track) for path, track in routes.items()}
    silent = opposite((), history.until, end)
    ended = {one.trouble: silent for one in history.incidents if one.what and not one.over}
    tracks = [*((Trouble((path,)), track) for path, track in routes.items()), *{**ended, **alerts}.items()]
    incidents = list(history.incidents)
    for trouble, track in tracks:
        for span in track:
            _note(incidents, trouble, span)
    spans = [span for track in routes.values() for span in track]
    return History(
        end,
        {path: _add(history.days.get(path, {}), routes.get(path, ())) for path in {*history.days, *routes}},
        tuple(sorted(incidents, key=lambda incident: (incident.begin, incident.trouble))),
        history.since or min((span.begin for span in spans), default=0.0),
        max((span.end for span in spans), default=history.seen),
    )


def opened(track: Track) -> Track:
    """Of a route that was never seen to answer: before it does, nobody was promised anything."""
    return tuple(dropwhile(lambda span: span.share == 0, track))


def _note(incidents: list[Incident], trouble: Trouble, span: Span) -> None:
    at = max((i for i, one in enumerate(incidents) if one.trouble == trouble), default=None)
    last = None if at is None else incidents[at]
    if last is None or at is None:
        if span.fails:
            incidents.append(Incident(*trouble, span.begin, span.end, span.share))
    elif not span.fails:
        incidents[at] = replace(last, over=True)
    elif span.begin - last.end <= (_MERGE if last.over else _BRIDGE):
        incidents[at] = replace(last, end=span.end, worst=min(last.worst, span.share), over=False)
    else:
        incidents[at] = replace(last, over=True)
        incidents.append(Incident(*trouble, span.begin, span.end, span.share))


def _add(days: Mapping[str, Day], track: Track) -> dict[str, Day]:
    added = dict(days)
    for span in track:
        for date, seconds in by_day(span.begin, span.end):
            day = added.get(date, Day())
            added[date] = Day(day.good + span.share * seconds, day.known + seconds)
    return added


def by_day(begin: float, end: float) -> Iterator[tuple[str, float]]:
    """(date, seconds) of each day of UTC in a stretch of time."""
    while begin < end:
        midnight = (begin // DAY + 1) * DAY
        yield date(begin), min(end, midnight) - begin
        begin = midnight


def date(moment: float) -> str:
    """2026-03-01"""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def forget(history: History, now: float, keep_days: int) -> History:
    """Without what is older than wanted, and without what a clock that was wrong has put into the future."""
    first, last = date(now - keep_days * DAY), date(now)
    if history.until > now + DAY:
        history = replace(history, until=now, seen=min(history.seen, now), since=min(history.since, now))
    days = {p: {d: day for d, day in days.items() if first <= d <= last} for p, days in history.days.items()}
    incidents = tuple(one for one in history.incidents if one.begin <= now and date(one.end) >= first)
    return replace(history, days={p: kept for p, kept in days.items() if kept}, incidents=incidents)


def windows(history: History, now: float, longest: float) -> Iterator[tuple[float, float]]:
    """The time from the end of the history up to now, in parts that can be asked for at once."""
    begin = history.until
    while begin < now:
        end = min(begin + longest, now)
        yield begin, end
        begin = end


def dump(history: History) -> str:
    """As it is kept."""
    return json.dumps(asdict(history), separators=(",", ":"), sort_keys=True) + "\n"


def parse(text: str) -> History:
    """Raises ValueError, KeyError or TypeError for what is no history."""
    content = json.loads(text)
    days = {path: {d: Day(**day) for d, day in days.items()} for path, days in content["days"].items()}
    incidents = tuple(Incident(**{**one, "components": tuple(one["components"])}) for one in content["incidents"])
    return History(**{**content, "days": days, "incidents": incidents})


def read(path: Path) -> History | None:
    """What is kept in a file; None where there is none. Raises like `parse`."""
    return parse(path.read_text()) if path.exists() else None


def keep(path: Path, text: str) -> None:
    """Replaces a file at once or not at all, whenever the power goes."""
    fresh = path.with_suffix(".new")
    with fresh.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
