"""What was measured of a stack: the answers of its engines, its Prometheus, its edge and Pulumi. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basalt.checklist.row import Unasked
from basalt.collect.samples import Sample
from basalt.plan import Plan, Planned


@dataclass(frozen=True, slots=True)
class Engine:
    """A host's engine. `memory` in MiB; `images`: id by tag; `containers`: what `docker inspect` tells of each that
    bears the stack's label, by name; `ends`: the day on which the first certificate of a container ends, by the
    container's name; `own_end`: that on which its own ends, or the one by which it is spoken to from here, whichever
    comes first; None where there are none."""

    cores: int
    memory: int
    images: Mapping[str, str]
    containers: Mapping[str, dict[str, Any]]
    ends: Mapping[str, datetime | Unasked]
    own_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the edge answered to a request for `path`. `tls`: the version that was agreed on, "" for plain HTTP."""

    path: str
    status: int
    headers: Mapping[str, str]
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """A published port of an instance that gathers routes. `old`: the version below TLS 1.2 that it agreed to, "" when
    it refused, Unasked when that could not be tried."""

    instance: str
    port: str
    scheme: str
    replies: tuple[Reply, ...] | Unasked
    old: str | Unasked = ""


@dataclass(frozen=True, slots=True)
class State:
    """Pulumi's. `ids` of the resources that it knows; `pending`: what an interrupted run left; `place`: the backend's
    URL; `passphrase`: its file, "" where there is none; `readable`: whether others than its owner may read it."""

    ids: frozenset[str]
    pending: tuple[str, ...]
    place: str
    passphrase: str
    readable: bool


@dataclass(frozen=True)
class Facts:
    """Everything that the rows are made from. `references`: the full name of each image; `clear`: secrets of the stack
    file that are not encrypted; `drift`: what a preview said, None where none was asked for."""

    plan: Plan
    now: datetime
    references: Mapping[str, str]
    engines: Mapping[str, Engine | Unasked]
    samples: Mapping[str, list[Sample]] | Unasked
    rules: list[dict[str, Any]] | Unasked
    doors: tuple[Door, ...]
    state: State | Unasked
    clear: tuple[str, ...] | Unasked
    drift: str | Unasked | None = None

    @property
    def strict(self) -> bool:
        """Whether losing one host may not lose the stack."""
        return not self.plan.topology.environment.tolerates_one_host

    def container(self, planned: Planned) -> dict[str, Any] | Unasked | None:
        """What the engine tells of a planned instance; None when it has no such container."""
        engine = self.engines[planned.instance.host]
        if isinstance(engine, Unasked):
            return engine
        return engine.containers.get(f"{self.plan.topology.name}-{planned.instance.name}")

    def found(self) -> tuple[list[tuple[Planned, dict[str, Any]]], Unasked | None]:
        """Each planned instance that has a container, with what the engine tells of it; and why others are not among
        them."""
        seen = [(planned, self.container(planned)) for planned in self.plan.planned]
        silent = next((told for _, told in seen if isinstance(told, Unasked)), None)
        return [(planned, told) for planned, told in seen if isinstance(told, dict)], silent
