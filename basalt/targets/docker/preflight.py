"""What must hold on the engines before anything is changed."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

import docker
import docker.errors
import pulumi

from basalt.images import reference
from basalt.plan import Plan
from basalt.targets.docker.engine import EngineError, connect, describe


def require(plan: Plan) -> None:
    """RunError when a host's engine lacks an image of its instances, or when somebody else has a port that is to be
    published, or the network; says which, and what to do. Nothing has been changed then."""
    problems = []
    for host, declared in plan.topology.hosts.items():
        try:
            client = connect(describe(declared))
        except EngineError as error:
            problems.append(f"hosts.{host}: {error}")
            continue
        problems += list(_missing_images(plan, host, client))
        problems += list(_taken_ports(plan, host, client))
        problems += list(_taken_network(plan, host, client))
    if problems:
        raise pulumi.RunError("nothing was changed:\n  " + "\n  ".join(problems))


def _missing_images(plan: Plan, host: str, client: docker.DockerClient) -> Iterator[str]:
    tagged = {tag for image in client.api.images() for tag in image["RepoTags"] or ()}
    # One call tells of nearly all; a name may also leave out the tag, or give a digest.
    for image in sorted({reference(i.workload.image) for i in plan.site.instances if i.host == host} - tagged):
        try:
            client.images.get(image)
        except docker.errors.ImageNotFound:
            yield f"image {image} is missing on {host}; run: basalt images --stack {plan.topology.name}"


def _taken_ports(plan: Plan, host: str, client: docker.DockerClient) -> Iterator[str]:
    wanted = {p.number: i for i in plan.site.instances if i.host == host for p in i.workload.publish}
    for container in client.api.containers():
        if container["Labels"].get("basalt.stack") == plan.topology.name:
            continue
        for number in sorted({port.get("PublicPort") for port in container["Ports"]} & set(wanted)):
            who = f"services.{wanted[number].service}: port {number} of {host}"
            yield f"{who} is taken by container {container['Names'][0].lstrip('/')}; publish another, or stop it"


def _taken_network(plan: Plan, host: str, client: docker.DockerClient) -> Iterator[str]:
    """The engine would refuse it only when other things are made already, and not say whose it is."""
    ours = plan.topology.network
    for network in client.api.networks():
        if (network["Labels"] or {}).get("basalt.stack") == plan.topology.name:
            continue
        told = [config.get("Subnet", "") for config in network["IPAM"]["Config"] or ()]
        for subnet in (ip_network(text) for text in told if text):
            if isinstance(subnet, IPv4Network) and subnet.overlaps(ours):
                yield f"network: {ours} overlaps {subnet} of network {network['Name']} on {host}; declare another"
