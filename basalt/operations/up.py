"""`basalt up` and `basalt down`: everything around a `pulumi up` that a newcomer should not have to know."""

from collections.abc import Callable

from docker.errors import APIError
from requests import RequestException

from basalt.operations import build, local_state, objects, pulumi
from basalt.operations.environment import HOME, ROOT
from basalt.operations.recover import recover
from basalt.plan import survey
from basalt.targets.docker.engine import EngineError
from basalt.topology.load import load_stack
from basalt.topology.model import Topology

Say = Callable[[str], None]

#: Creations wait on engines, not on processors.
_PARALLEL = "32"

#: Endings wait on what they end. An engine before 23 may hang, or count containers on a network that are gone and then
#: never remove it, when many end at one moment (moby/libnetwork#2649, moby/moby#42119).
_GENTLE = "4"


def images(stack: str, say: Say) -> Topology:
    """Builds and distributes the stack's images; returns its topology."""
    topology = load_stack(ROOT, stack)
    site = survey(topology)
    build.build(build.wanted(site), HOME / "logs", say)
    build.distribute(site, say)
    return topology


def up(stack: str, say: Say, *, ask: bool, aside: bool = False) -> Topology:
    """Brings the stack to what its file declares. With `ask`, Pulumi shows the preview and asks first; `aside`: what it
    prints goes to error output."""
    topology = images(stack, say)
    local_state.mend()
    pulumi.select(stack)
    recover(topology, say)
    how = () if ask else ("--yes", "--skip-preview")
    pulumi.run("up", "--suppress-outputs", "--parallel", _PARALLEL, *how, stack=stack, ask=ask, aside=aside)
    return topology


def down(stack: str, say: Say, *, data: bool, orphans: bool) -> None:
    """Removes containers, networks and files; volumes of data only with `data`. With `orphans`, also those that this
    clone's state does not know."""
    topology = load_stack(ROOT, stack)
    local_state.mend()
    pulumi.select(stack)
    if orphans:
        for removed in objects.remove(objects.find(topology), {str(r.get("id")) for r in pulumi.resources(stack)}):
            say(f"removed {removed}")
    recover(topology, say)
    try:
        pulumi.run("destroy", "--yes", "--skip-preview", "--parallel", _GENTLE, stack=stack)
    except pulumi.PulumiError as error:
        raise pulumi.PulumiError(f"{error}{_miscounted(topology)}") from error
    left = objects.find(topology)
    if data:
        for removed in objects.remove_volumes(left):
            say(f"removed {removed}")
    elif left.volumes:
        say(f"{len(left.volumes)} volumes with data are left; the next up uses them, --data delete removes them")


def _miscounted(topology: Topology) -> str:
    """What to do about a network that an engine keeps for containers which are gone; nothing where that is not so, or
    an engine does not say."""
    try:
        left = objects.find(topology)
        for network in left.networks:
            network.reload()
    except (EngineError, APIError, RequestException):
        return ""
    if left.containers or not left.networks or any(network.attrs["Containers"] for network in left.networks):
        return ""
    return (
        f". No container is left on network {left.networks[0].name}, and its engine does not remove it: "
        "restart the Docker engine, which miscounts them, and repeat"
    )
