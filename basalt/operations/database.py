"""`basalt database`: what is declared beside what is there, by the provisioning program inside the primary's container.

The document that it is given holds no secret, only where the task finds them."""

from collections.abc import Callable
from enum import StrEnum

from docker.errors import APIError, NotFound

from basalt.plan import Plan, plan
from basalt.services.postgres.plan import PROVISION
from basalt.site import Instance, Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import connect
from basalt.topology.model import Topology

#: The program's exit codes (images/postgres/provision): as declared, different, in a replica's container.
_SAME, _DIFFERENT, _REPLICA = 0, 2, 3


class Action(StrEnum):
    """What to do with a difference."""

    DIFF = "diff"
    APPLY = "apply"


class DatabaseError(Exception):
    """There is no primary that could be asked, or what is declared does not fit it."""


def run(topology: Topology, action: Action, say: Callable[[str], object]) -> int:
    """The exit code: 0, or 2 when `diff` found something. Raises DatabaseError, EngineError."""
    made = plan(topology)
    command = ["basalt-provision", f"--{action}", document(made)]
    members = [instance for instance in made.site.instances if instance.workload.name == "postgres"]
    silent: list[str] = []
    for member in members:
        try:
            code, output = execute(made.site, member, command)
        except (NotFound, APIError) as error:
            silent.append(f"{member.name}: {error}")
            continue
        if code == _REPLICA:
            silent.append(f"{member.name} is a replica")
        elif code in (_SAME, _DIFFERENT):
            say(output.rstrip())
            return code
        else:
            raise DatabaseError(f"{member.name}: {output.strip()}")
    raise DatabaseError(f"stack {topology.name} has no primary that answers: {'; '.join(silent)}; is the stack up?")


def document(made: Plan) -> str:
    """What is declared, as the provisioning task reads it. Raises DatabaseError where there is no database."""
    for planned in made.planned:
        if planned.instance.workload.name == PROVISION:
            return next(file.text for file in planned.files if file.path == "provision.json")
    raise DatabaseError(f"stack {made.topology.name} has no postgres; declare services.postgres")


def execute(site: Site, member: Instance, command: list[str]) -> tuple[int, str]:
    """The code of a command in a member's container, and what it printed. NotFound, APIError, EngineError."""
    container = connect(describe(site.host(member))).containers.get(container_name(site, member))
    code, output = container.exec_run(command)
    told = output.decode(errors="replace") if isinstance(output, bytes) else ""
    return (1 if code is None else code), told
