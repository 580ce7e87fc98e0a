"""What the plan says: `statuspage.json`, written by basalt/services/statuspage/plan.py."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Component:
    """A public route. `targets` are the ways in, as the probes name them; `workload` and `service` answer behind it;
    `slo` is the share of time that is promised."""

    path: str
    title: str
    targets: tuple[str, ...]
    workload: str
    service: str
    slo: float


@dataclass(frozen=True, slots=True)
class Source:
    """Who is asked about metrics: where, which name it has to prove, and by whose certificate (a path)."""

    address: str
    certified: str
    authority: str


@dataclass(frozen=True, slots=True)
class Config:
    """`alerts`: what people are told of which alert; without words, only of critical ones. `interval`: seconds between
    two looks at a route."""

    title: str
    url: str
    sources: tuple[Source, ...]
    components: tuple[Component, ...]
    alerts: dict[str, str]
    interval: float
    keep_days: int
    mtbf_hours: float

    @property
    def reach(self) -> float:
        """Seconds for which a look stands when none follows: one that is late is not yet missing."""
        return 2.5 * self.interval

    @property
    def least(self) -> float:
        """Seconds. A single look that failed counts as downtime and is no incident."""
        return 1.5 * self.interval

    def titles(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """What people call some components, in the order of the page."""
        return tuple(component.title for component in self.components if component.path in paths)


def parse(text: str) -> Config:
    """Raises ValueError, KeyError or TypeError on what the plan would not have written."""
    content: dict[str, Any] = json.loads(text)
    components = tuple(Component(**{**one, "targets": tuple(one["targets"])}) for one in content["components"])
    sources = tuple(Source(**one) for one in content["sources"])
    return Config(**{**content, "components": components, "sources": sources})
