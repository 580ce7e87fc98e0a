"""After a `pulumi` that was killed: its lock is lifted, what it made without noting it is removed, and the state is
read anew from the engines. Containers are remade from the plan; data lives in volumes, which are never touched."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from basalt.operations import helpers, objects, pulumi
from basalt.operations.environment import HOME, backend
from basalt.topology.model import Topology

Say = Callable[[str], None]


class BusyError(Exception):
    """Another `pulumi` works on the stack."""


class ForeignError(Exception):
    """The engine carries a stack of this name which this state does not know."""


def recover(topology: Topology, say: Say) -> None:
    """Does nothing unless the last run was interrupted. Raises BusyError while another run is alive, ForeignError
    when the engine's objects belong to another clone's state."""
    stack = topology.name
    marker = HOME / f"interrupted-{stack}"
    stale = _stale_locks(stack)
    if not stale and not marker.exists():
        _refuse_foreign(topology)
        return
    say(f"the last run on {stack} was interrupted: putting state and engines in step")
    marker.touch()
    helpers.end(list(helpers.orphans(backend())))
    if stale:
        pulumi.capture("cancel", "--yes", stack=stack)
    known = {str(resource.get("id")) for resource in pulumi.resources(stack)}
    for removed in objects.remove(objects.find(topology), known):
        say(f"removed {removed}: made, but not noted, before the interruption")
    pulumi.capture("refresh", "--yes", "--skip-preview", "--clear-pending-creates", stack=stack)
    marker.unlink()


def _refuse_foreign(topology: Topology) -> None:
    found = objects.find(topology)
    if found and not pulumi.resources(topology.name):
        names = ", ".join(str(container.name) for container in found.containers[:3]) or "a network"
        raise ForeignError(
            f"stack {topology.name} is on this engine already ({names}, ...), made from another state. "
            f"Run `make down STACK={topology.name}` in the clone that made it, "
            f"or remove its containers with: basalt down --stack {topology.name} --orphans"
        )


def _stale_locks(stack: str) -> bool:
    """Whether a dead process of this machine holds the stack's lock. Only a local state has locks of this kind."""
    url = urlsplit(backend())
    if url.scheme != "file":
        return False
    folder = Path(url.path).expanduser() / ".pulumi" / "locks"
    found = False
    for path in folder.glob(f"organization/basalt/{stack}/*.json"):
        lock = json.loads(path.read_text() or "{}")
        holder = int(lock.get("pid", 0))
        if lock.get("hostname") != socket.gethostname() or _is_pulumi(holder):
            raise BusyError(
                f"stack {stack} is being changed by process {holder} of {lock.get('hostname')}; wait for it"
            )
        found = True
    return found


def _is_pulumi(pid: int) -> bool:
    """Numbers of processes are used again: only a living `pulumi` counts."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return False
    return pid != os.getpid() and name == "pulumi"
