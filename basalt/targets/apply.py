"""A topology handed to the target that it names."""

from collections.abc import Awaitable, Callable

from basalt.targets.secrets import Secrets
from basalt.topology.model import Target, Topology


async def _docker(topology: Topology, secrets: Secrets) -> dict[str, object]:
    from basalt.targets.docker.stack import apply

    return await apply(topology, secrets)


_TARGETS: dict[Target, Callable[[Topology, Secrets], Awaitable[dict[str, object]]]] = {Target.DOCKER: _docker}


class UnsupportedTargetError(Exception):
    """The model knows the target, but nothing applies it yet."""


async def apply(topology: Topology, secrets: Secrets) -> dict[str, object]:
    """Registers all that a topology's plan says and returns the stack's outputs. Raises UnsupportedTargetError."""
    target = topology.target
    if target not in _TARGETS:
        raise UnsupportedTargetError(f"target: {target.value!r}: cannot be deployed yet; use docker")
    return await _TARGETS[target](topology, secrets)
