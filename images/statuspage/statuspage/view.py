"""What the pages show, in the words of `statuspage.say`. Pure; the templates only print it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from statuspage import say
from statuspage.config import Component, Config
from statuspage.history import DAY, Day, History, date
from statuspage.incidents import Event, events, title, words
from statuspage.state import WORDS, State

#: Days in the row of bars, and days of incidents on the first page.
BARS, RECENT = 90, 14
#: Below this share a day is more than troubled.
_BAD = 0.99


@dataclass(frozen=True, slots=True)
class Bar:
    """A day. `kind`: up, part, down or unknown."""

    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """A component."""

    title: str
    path: str
    condition: str
    words: str
    uptime: str
    bars: tuple[Bar, ...]
    #: What the bars say, for those who do not see them.
    summary: str


@dataclass(frozen=True, slots=True)
class Told:
    """An incident. Times in words and, for programs, as ISO 8601 has them; `end` is empty while it lasts."""

    id: str
    title: str
    begin: str
    end: str
    began: str
    ended: str
    duration: str
    parts: tuple[str, ...]


def rows(config: Config, history: History, state: State, now: float) -> tuple[Row, ...]:
    """The components, in the order of the stack file."""
    dates = [date(now - ago * DAY) for ago in reversed(range(BARS))]
    return tuple(_row(c, history.days.get(c.path, {}), state, dates) for c in config.components)


def _row(component: Component, days: Mapping[str, Day], state: State, dates: list[str]) -> Row:
    shown = [days.get(one, Day()) for one in dates]
    bars = tuple(_bar(one, day, component.slo) for one, day in zip(dates, shown, strict=True))
    known = sum(day.known for day in shown)
    uptime = say.percent(sum(day.good for day in shown) / known if known else None)
    bad = sum(bar.kind in ("part", "down") for bar in bars)
    blank = sum(bar.kind == "unknown" for bar in bars)
    told = f"{component.title}, last {BARS} days: up {uptime}; below what is promised on {bad}, without data on {blank}"
    condition = state.components[component.path]
    return Row(component.title, component.path, condition, WORDS[condition], uptime, bars, told)


def _bar(when: str, day: Day, slo: float) -> Bar:
    if not day.known:
        return Bar("unknown", f"{say.day(when)}: no data")
    ratio = day.good / day.known
    kind = "up" if ratio >= slo else "part" if ratio >= _BAD else "down"
    lost = say.duration(day.known - day.good)
    return Bar(kind, f"{say.day(when)}: {say.percent(ratio)}" + ("" if ratio == 1 else f", down for {lost}"))


def told(config: Config, history: History) -> tuple[Told, ...]:
    """All incidents, from the newest to the oldest."""
    return tuple(_told(event, config) for event in reversed(events(history.incidents, config)))


def _told(event: Event, config: Config) -> Told:
    return Told(
        f"{event.begin:.0f}",
        title(event, config),
        say.moment(event.begin),
        _end(event),
        say.iso(event.begin),
        say.iso(event.end) if event.over else "",
        say.duration(event.seconds),
        tuple(_parts(event, config)) if len(event.parts) > 1 else (),
    )


def _end(event: Event) -> str:
    """Without the day where it is the same."""
    if not event.over:
        return ""
    begin, end = say.moment(event.begin), say.moment(event.end)
    return end.split(", ")[1] if begin.split(", ")[0] == end.split(", ")[0] else end


def _parts(event: Event, config: Config) -> Iterator[str]:
    for part in event.parts:
        end = say.clock(part.end) if part.over else "now"
        yield f"{say.clock(part.begin)} to {end}: {words(part, config)}"


def document(config: Config, history: History, state: State, now: float) -> dict[str, Any]:
    """How it is, for programs: `status.json`."""
    return {
        "title": config.title,
        "updated": say.iso(now),
        "state": state.overall,
        "headline": state.headline,
        "data_until": say.iso(history.seen) if history.seen else None,
        "components": [
            {"title": c.title, "path": c.path, "state": state.components[c.path]} for c in config.components
        ],
        "incidents": [
            {"title": one.title, "begin": one.began, "end": one.ended or None, "components": list(of)}
            for one, of in _recent(config, history, now)
        ],
    }


def _recent(config: Config, history: History, now: float) -> Iterator[tuple[Told, tuple[str, ...]]]:
    for event in reversed(events(history.incidents, config)):
        if not event.over or event.end > now - RECENT * DAY:
            yield _told(event, config), config.titles(event.components)
