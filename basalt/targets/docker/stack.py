"""A topology as one resource, and when its parts are loaded, planned and declared."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import pulumi

from basalt.targets.authority import AuthorityResource
from basalt.targets.secrets import Secrets
from basalt.topology.model import Topology
from basalt.workload import AUTHORITIES

if TYPE_CHECKING:
    from basalt.plan import Plan


async def apply(topology: Topology, secrets: Secrets) -> dict[str, object]:
    """Registers everything and returns the stack's outputs. They are known when everything is healthy."""
    stack = DockerStack(topology)
    # The process behind the authorities takes a while to start: what need not be there before is done meanwhile, in a
    # thread.
    made = await asyncio.to_thread(_plan, topology)
    return stack.fill(made, secrets)


def _plan(topology: Topology) -> "Plan":
    """The plan, with what declares it loaded."""
    import_module("basalt.targets.docker.graph")
    from basalt.plan import plan

    return plan(topology)


class DockerStack(pulumi.ComponentResource):
    """All containers of a topology, with their networks, volumes, files and certificates."""

    containers: pulumi.Output[list[str]]

    def __init__(self, topology: Topology, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("basalt:docker:Stack", topology.name, None, opts)
        opts = pulumi.ResourceOptions(parent=self)
        self.authorities = {
            authority.name: AuthorityResource(
                f"authority-{authority.name}", f"basalt {topology.name} {authority.name}", opts
            )
            for authority in AUTHORITIES
        }

    def fill(self, made: "Plan", secrets: Secrets) -> dict[str, object]:
        """Declares everything that the plan says; the stack's outputs."""
        from basalt.targets.docker.graph import Graph
        from basalt.urls import urls

        with _unplaced():
            graph = Graph(made, secrets, self.authorities, self)
            ready = graph.fill()
        self.containers = ready.id.apply(lambda _: graph.names)
        self.register_outputs({"containers": self.containers})
        return {"urls": urls(made.site), "containers": self.containers}


@contextmanager
def _unplaced() -> Iterator[None]:
    """The SDK notes with each resource by which calls it was made, line by line (runtime/resource.py): of all of them
    the same, and a twentieth of a run in which nothing changes."""
    sys.tracebacklimit = 1
    try:
        yield
    finally:
        del sys.tracebacklimit
