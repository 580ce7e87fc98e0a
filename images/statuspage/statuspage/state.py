"""How it is now, from the newest looks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from statuspage.config import Component, Config
from statuspage.incidents import enumerate_words
from statuspage.looks import Trouble
from statuspage.spans import Track, at_end


class Condition(StrEnum):
    """Of a component, or of all."""

    UP = "up"
    PART = "part"
    DOWN = "down"
    UNKNOWN = "unknown"


WORDS = {
    Condition.UP: "works",
    Condition.PART: "works in part",
    Condition.DOWN: "not available",
    Condition.UNKNOWN: "no data",
}


@dataclass(frozen=True, slots=True)
class State:
    """`headline` in a sentence; `components` by path."""

    overall: Condition
    headline: str
    components: Mapping[str, Condition]


def judge(config: Config, routes: Mapping[str, Track], alerts: Mapping[Trouble, Track], now: float) -> State:
    """What the looks until now say. Without looks nobody knows."""
    impaired = {
        path
        for trouble, track in alerts.items()
        if (last := at_end(track, now)) and last.fails
        for path in trouble.components
    }
    found = {c.path: _condition(routes.get(c.path, ()), c.path in impaired, now) for c in config.components}
    return State(*_overall(config.components, found), found)


def _condition(track: Track, impaired: bool, now: float) -> Condition:  # noqa: FBT001
    last = at_end(track, now)
    if last is None:
        return Condition.UNKNOWN
    if last.share == 0:
        return Condition.DOWN
    return Condition.PART if last.fails or impaired else Condition.UP


def _overall(components: tuple[Component, ...], found: Mapping[str, Condition]) -> tuple[Condition, str]:
    def which(condition: Condition) -> tuple[str, ...]:
        return tuple(c.title for c in components if found[c.path] is condition)

    down, part, unknown = which(Condition.DOWN), which(Condition.PART), which(Condition.UNKNOWN)
    if not components:
        return Condition.UNKNOWN, "Nothing is open to the public here"
    if down:
        every = len(down) == len(components)
        return Condition.DOWN, "Nothing is available" if every else f"Not available: {enumerate_words(down)}"
    if part:
        return Condition.PART, f"Some requests fail: {enumerate_words(part)}"
    if unknown:
        every = len(unknown) == len(components)
        return Condition.UNKNOWN, "No data" if every else f"No data: {enumerate_words(unknown)}"
    return Condition.UP, "Everything works"
