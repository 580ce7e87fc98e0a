"""What people open, with which words they get in."""

from basalt.operations import pulumi
from basalt.plan import survey
from basalt.site import Instance, Site
from basalt.targets.derive import GIVEN, value
from basalt.topology.model import Topology
from basalt.urls import urls
from basalt.workload import Publish


class LoginError(Exception):
    """A secret or certificate that the stack does not have (yet)."""


def rows(topology: Topology) -> list[tuple[str, str, str]]:
    """(what, URL, how to log in) for each published port."""
    site = survey(topology)
    notes = {f"{i.name}.{p.port}": _note(site, i, p) for i in site.instances for p in i.workload.publish}
    stack = f"--stack {topology.name}"
    return [(what, url, notes[what].replace("{stack}", stack)) for what, url in urls(site).items()]


def _note(site: Site, instance: Instance, publish: Publish) -> str:
    """Its own, or what the routes behind an edge say."""
    if publish.note or not instance.workload.collects_routes:
        return publish.note
    if instance.workload.ports[publish.port].scheme != "https":
        return "leads to https"
    found = [route.note for other in site.instances for route in other.workload.routes if route.note]
    return "; ".join(dict.fromkeys(found))


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
