"""What people open, with which words they get in."""

from basalt.operations import pulumi
from basalt.plan import survey
from basalt.targets.derive import GIVEN, value
from basalt.topology.model import Topology
from basalt.urls import urls


class LoginError(Exception):
    """A secret or certificate that the stack does not have (yet)."""


def rows(topology: Topology) -> list[tuple[str, str, str]]:
    """(what, URL, how to log in) for each published port."""
    notes = {f"{i.name}.{p.port}": p.note for i in survey(topology).instances for p in i.workload.publish}
    stack = f"--stack {topology.name}"
    return [(what, url, notes[what].replace("{stack}", stack)) for what, url in urls(survey(topology)).items()]


def secret(stack: str, name: str) -> str:
    """The value of one secret. Raises LoginError, PulumiError."""
    if name.startswith(GIVEN):
        path = f"basalt:secrets.{name.removeprefix(GIVEN)}"
        return pulumi.capture("config", "get", "--path", path, stack=stack).rstrip("\n")
    try:
        seed = pulumi.capture("config", "get", "basalt:seed", stack=stack).strip()
    except pulumi.PulumiError as error:
        raise LoginError(f"stack {stack} has no secrets yet; the first `up` generates them ({error})") from None
    return value(seed, {}, name)


def authority(stack: str) -> str:
    """PEM of the stack's certificate authority. Raises LoginError, PulumiError."""
    for resource in pulumi.resources(stack):
        if resource["type"].endswith(":Authority") and resource["urn"].endswith("::authority-stack"):
            return str(resource["outputs"]["certificate"])
    raise LoginError(f"stack {stack} has no authority yet; the first `up` makes it")
