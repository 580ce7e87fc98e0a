"""`basalt backups`: what there is, and why it stays or goes, by the program that decides (images/backup/retention)."""

import json
from dataclasses import dataclass

from basalt.operations.repository import ask
from basalt.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Row:
    """`at`: when it ended, ISO 8601, UTC. `why`: reasons why it stays; none when it goes with the next run."""

    repository: str
    label: str
    at: str
    kept: bool
    why: tuple[str, ...]


def rows(topology: Topology) -> list[Row]:
    """By repository, the newest first. Raises BackupsError, EngineError."""
    told = json.loads(ask(topology, ["backup-retain", "--dry-run", "--json"]))
    return [Row(row["repository"], row["label"], row["at"], row["kept"], tuple(row["why"])) for row in told]
