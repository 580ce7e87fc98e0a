"""`basalt backups`: what there is, and why it stays or goes, by the program that decides (images/backup/retention)."""

import json
from dataclasses import dataclass

from docker.errors import APIError, NotFound

from basalt.plan import survey
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import connect, describe
from basalt.topology.model import Topology

_COMMAND = ("backup-retain", "--dry-run", "--json")


class BackupsError(Exception):
    """Nobody can tell of backups now."""


@dataclass(frozen=True, slots=True)
class Row:
    """`at`: when it ended, ISO 8601, UTC. `why`: reasons why it stays; none when it goes with the next run."""

    label: str
    at: str
    kept: bool
    why: tuple[str, ...]


def rows(topology: Topology) -> list[Row]:
    """The newest first. Raises BackupsError, EngineError."""
    site = survey(topology)
    schedulers = site.of("backup-scheduler")
    if not schedulers:
        raise BackupsError(f"stack {topology.name} takes no backups; declare services.backup")
    scheduler = schedulers[0]
    try:
        container = connect(describe(site.host(scheduler))).containers.get(container_name(site, scheduler))
        code, output = container.exec_run(list(_COMMAND), demux=True)
    except (NotFound, APIError) as error:
        raise BackupsError(f"{scheduler.name}: {error}; is the stack up? basalt status") from error
    told, why = (part.decode(errors="replace") if isinstance(part, bytes) else "" for part in output)
    if code or not told:
        raise BackupsError(f"{scheduler.name}: {why.strip() or told.strip()}")
    return [Row(row["label"], row["at"], row["kept"], tuple(row["why"])) for row in json.loads(told)]
