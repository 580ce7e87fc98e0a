"""Incidents as people are told of them: what failed at the same time is one. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from statuspage.config import Config
from statuspage.history import Incident
from statuspage.looks import IMPAIRED


@dataclass(frozen=True, slots=True)
class Event:
    """One incident; `parts` in the order of their beginnings. `end` is when it was last seen while it is not `over`."""

    begin: float
    end: float
    over: bool
    parts: tuple[Incident, ...]

    @property
    def seconds(self) -> float:
        """How long it lasted, or has lasted so far."""
        return self.end - self.begin

    @property
    def components(self) -> tuple[str, ...]:
        """All that were hit."""
        return tuple(dict.fromkeys(path for part in self.parts for path in part.components))


def events(incidents: Iterable[Incident], config: Config) -> tuple[Event, ...]:
    """From the oldest to the newest. Left out: what was too short to be one, and what is about routes that are gone."""
    known = {component.path for component in config.components}
    kept = [i for i in incidents if i.end - i.begin >= config.least and known.intersection(i.components)]
    found: list[Event] = []
    for one in sorted(kept, key=lambda incident: incident.begin):
        if found and one.begin <= found[-1].end:
            last = found.pop()
            parts = (*last.parts, one)
            found.append(Event(last.begin, max(last.end, one.end), last.over and one.over, parts))
        else:
            found.append(Event(one.begin, one.end, one.over, (one,)))
    return tuple(found)


def title(event: Event, config: Config) -> str:
    """In one line: that a route did not answer is more than what people were told of an alert."""
    outages = [part for part in event.parts if not part.what]
    if not outages:
        return words(event.parts[0], config)
    paths = tuple(path for part in outages for path in part.components)
    return _unavailable(config.titles(paths), min(part.worst for part in outages))


def words(part: Incident, config: Config) -> str:
    """In one line, of a part."""
    names = config.titles(part.components)
    if not part.what:
        return _unavailable(names, part.worst)
    return f"{part.what}: {enumerate_words(names)}" if part.what == IMPAIRED else part.what


def _unavailable(names: tuple[str, ...], worst: float) -> str:
    return f"{'Some requests fail' if worst > 0 else 'Not available'}: {enumerate_words(names)}"


def enumerate_words(names: tuple[str, ...]) -> str:
    """`a, b and c`"""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
