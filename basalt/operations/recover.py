"""After a `pulumi` that was killed: its lock is lifted, what it made without noting it is removed, and the state is
read anew from the engines. Containers are remade from the plan; data lives in volumes, which are never touched."""

from collections.abc import Callable

from basalt.operations import helpers, local_state, objects, pulumi
from basalt.operations.environment import HOME, backend
from basalt.topology.model import Topology

Say = Callable[[str], None]


class ForeignError(Exception):
    """The engine carries a stack of this name which this state does not know."""


def recover(topology: Topology, say: Say) -> None:
    """Does nothing unless the last run was interrupted. Raises local_state.BusyError while another run is alive,
    ForeignError when the engine's objects belong to another clone's state."""
    stack = topology.name
    marker = HOME / f"interrupted-{stack}"
    stale = local_state.locked(stack)
    if not stale and not marker.exists():
        _refuse_foreign(topology)
        return
    say(f"the last run on {stack} was interrupted: putting state and engines in step")
    marker.touch()
    helpers.end(list(helpers.orphans(backend())))
    if stale:
        pulumi.capture("cancel", "--yes", stack=stack)
    _remove_unnoted(topology, say)
    pulumi.capture("refresh", "--yes", "--skip-preview", "--clear-pending-creates", stack=stack)
    # An engine goes on making what its client, ended meanwhile, has asked for; that is there by now.
    _remove_unnoted(topology, say)
    marker.unlink()


def _remove_unnoted(topology: Topology, say: Say) -> None:
    known = {str(resource.get("id")) for resource in pulumi.resources(topology.name)}
    for removed in objects.remove(objects.find(topology), known):
        say(f"removed {removed}: made, but not noted, before the interruption")


def _refuse_foreign(topology: Topology) -> None:
    found = objects.find(topology)
    if found and not pulumi.resources(topology.name):
        names = ", ".join(str(container.name) for container in found.containers[:3]) or "a network"
        raise ForeignError(
            f"stack {topology.name} is on this engine already ({names}, ...), made from another state. "
            f"Run `make down STACK={topology.name}` in the clone that made it, "
            f"or remove its containers with: basalt down --stack {topology.name} --orphans"
        )
