"""`basalt backups`: what there is, and why it stays or goes, by the programs that decide (images/backup/retention and
keepsakes)."""

import json
from dataclasses import dataclass

from basalt.operations.keepsakes import catalogue as keepsakes
from basalt.operations.repository import Say, ask
from basalt.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Row:
    """`kind`: `database`, or what else is kept. `at`: when it ended, ISO 8601, UTC. `why`: reasons why it stays; none
    when it goes with the next run."""

    repository: str
    kind: str
    label: str
    at: str
    kept: bool
    why: tuple[str, ...]


def rows(topology: Topology, say: Say) -> list[Row]:
    """By repository, the newest first; what cannot be read is said. Raises BackupsError, EngineError."""
    told = json.loads(ask(topology, ["backup-retain", "--dry-run", "--json"], say, ends_with=(0, 1)) or "[]")
    backups = [
        Row(row["repository"], "database", row["label"], row["at"], row["kept"], tuple(row["why"])) for row in told
    ]
    kept = keepsakes.rows(topology, say)
    return backups + [Row(one.repository, one.kind, one.label, one.at, bool(one.why), one.why) for one in kept]
