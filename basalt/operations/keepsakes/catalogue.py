"""What there is, by the program beside the repositories (images/backup/keepsakes)."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from basalt.operations.repository import Say, ask, follow
from basalt.operations.span import span
from basalt.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Kept:
    """`label`: the moment that it is of; `at`: the same, ISO 8601, UTC. `bytes`: in the repository. `why`: reasons why
    it stays; none when it goes with the next one."""

    repository: str
    kind: str
    label: str
    at: str
    bytes: int
    why: tuple[str, ...] = ()

    def age(self, now: datetime) -> str:
        """In the largest two units."""
        return span((now - datetime.fromisoformat(self.at)).total_seconds())


def rows(topology: Topology, say: Say) -> list[Kept]:
    """By repository and kind, the newest first; what cannot be read is said. Raises BackupsError, EngineError."""
    told = json.loads(ask(topology, ["backup-keep", "--list"], say, ends_with=(0, 1)) or "[]")
    return [Kept(**{**row, "why": tuple(row["why"])}) for row in told]


def find(topology: Topology, kind: str, label: str | None = None, repository: str | None = None) -> Kept:
    """The newest, or that of the label. Raises BackupsError, EngineError."""
    return Kept(**json.loads(ask(topology, ["backup-keep", f"--find={kind}", *_which(label, repository)])))


def fetch(topology: Topology, kept: Kept, file: BinaryIO) -> None:
    """Its bytes, which were compared with what was stored before one of them came. Raises BackupsError, EngineError."""
    follow(topology, ["backup-keep", f"--get={kept.kind}", *_which(kept.label, kept.repository)], file.write)


def take(topology: Topology, kind: str, repository: str, say: Say) -> Kept:
    """One of now. Raises BackupsError, EngineError."""
    ask(topology, ["backup-keep", f"--take={kind}", f"--repository={repository}"], say)
    return find(topology, kind, None, repository)


def _which(label: str | None, repository: str | None) -> list[str]:
    given = {"set": label, "repository": repository}
    return [f"--{name}={value}" for name, value in given.items() if value]
