"""A plan handed to the target that it names."""

from collections.abc import Callable

from basalt.plan import Plan
from basalt.targets.secrets import Secrets
from basalt.topology.model import Target


def _docker(plan: Plan, secrets: Secrets) -> dict[str, object]:
    from basalt.targets.docker.stack import apply

    return apply(plan, secrets)


_TARGETS: dict[Target, Callable[[Plan, Secrets], dict[str, object]]] = {Target.DOCKER: _docker}


class UnsupportedTargetError(Exception):
    """The model knows the target, but nothing applies it yet."""


def apply(plan: Plan, secrets: Secrets) -> dict[str, object]:
    """Registers every resource of the plan and returns the stack's outputs. Raises UnsupportedTargetError."""
    target = plan.topology.target
    if target not in _TARGETS:
        raise UnsupportedTargetError(f"target: {target.value!r}: cannot be deployed yet; use docker")
    return _TARGETS[target](plan, secrets)
