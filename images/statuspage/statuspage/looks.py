"""What Prometheus answered, as tracks of components and alerts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from statuspage.config import Component, Config
from statuspage.spans import Samples, Track, combine, cover, opposite

#: As the probes name them, so that looks at certificates (host:port) are left out.
PROBES = 'probe_success{target=~"https://.+"}'
ALERTS = 'ALERTS{alertstate="firing", severity!="none"}'

#: What is said of an alert that has no words of its own.
IMPAIRED = "Some requests fail or are slow"

#: Seconds for which one evaluation of an alert stands; rules are evaluated twice as often, by default.
_EVALUATION = 60


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer."""

    labels: Mapping[str, str]
    samples: Samples


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked of a time."""

    probes: Sequence[Series]
    alerts: Sequence[Series]


class Trouble(NamedTuple):
    """What an incident is about. `what` has the words for it; none: a route that does not answer."""

    components: tuple[str, ...]
    what: str = ""


def routes(config: Config, answer: Answer, begin: float, end: float) -> dict[str, Track]:
    """For each component what is known of it."""
    seen: dict[str, list[Track]] = {}
    for series in answer.probes:
        target = series.labels.get("target", "")
        seen.setdefault(target, []).append(cover(series.samples, config.reach, begin, end))
    return {
        component.path: combine([track for target in component.targets for track in seen.get(target, [])])
        for component in config.components
    }


def alerts(config: Config, answer: Answer, begin: float, end: float) -> dict[Trouble, Track]:
    """For each trouble that users notice when it was there, and when not."""
    found: dict[Trouble, list[Track]] = {}
    for series in answer.alerts:
        trouble = noticed(config, series.labels)
        if trouble:
            firing = cover([(time, 0.0) for time, _ in series.samples], _EVALUATION, begin, end)
            found.setdefault(trouble, []).append(firing)
    return {trouble: opposite(combine(tracks), begin, end) for trouble, tracks in found.items()}


def noticed(config: Config, labels: Mapping[str, str]) -> Trouble | None:
    """What people are told of an alert. One without words of its own has to be critical and to name what answers them;
    of one with words, what it does not name it is about all the same."""
    words = config.alerts.get(labels.get("alertname", ""))
    if words is None:
        return None
    behind = _paths(c for c in config.components if c.workload == labels.get("workload"))
    if not words:
        return Trouble(behind, IMPAIRED) if behind and labels.get("severity") == "critical" else None
    service = _paths(c for c in config.components if c.service == labels.get("service"))
    return Trouble(behind or service or _paths(config.components), words)


def _paths(components: Iterable[Component]) -> tuple[str, ...]:
    return tuple(component.path for component in components)
