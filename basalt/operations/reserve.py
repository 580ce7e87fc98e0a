"""`basalt reserve`: room that each member of the database keeps for the day when its disk is full."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from docker.errors import APIError, NotFound
from requests import RequestException

from basalt.operations.database import DatabaseError, execute
from basalt.plan import survey
from basalt.targets.docker.engine import EngineError
from basalt.topology.model import Topology


class Action(StrEnum):
    """What images/postgres/bin/postgres-reserve takes."""

    SHOW = "show"
    RELEASE = "release"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Room:
    """Of one member, in MiB: what it keeps, and what is free beside it."""

    member: str
    reserve: int
    free: int


def run(topology: Topology, action: Action, members: list[str], say: Callable[[str], object]) -> list[Room]:
    """Of the named members, or all. A member that cannot be asked or could not do it is said at once, the others are
    not kept waiting for it. DatabaseError where a name is no member's."""
    site = survey(topology)
    everybody = {instance.name: instance for instance in site.of("postgres")}
    if strange := [name for name in members if name not in everybody]:
        raise DatabaseError(f"{', '.join(strange)}: no member; choose among {', '.join(everybody) or 'none'}")
    found = []
    for name in members or list(everybody):
        try:
            code, output = execute(site, everybody[name], ["postgres-reserve", str(action)])
            if code:
                say(f"{name}: {output.strip()}")
            else:
                found.append(Room(name, **json.loads(output)))
        except (NotFound, APIError, EngineError, RequestException, ValueError) as error:
            say(f"{name}: {error}")
    return found
