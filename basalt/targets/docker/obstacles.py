"""What stands in the way of a stack on its engines. Only reads."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from typing import Any

import docker
import docker.errors

from basalt.targets.docker.engine import EngineError, connect


def obstacles(wanted: dict[str, Any]) -> list[str]:
    """In words, with what to do; none where nothing is in the way. `wanted`: as `wanted.wanted`."""
    return [told for host, declared in wanted["hosts"].items() for told in _of(host, declared, wanted)]


def _of(host: str, declared: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    try:
        client = connect(declared["engine"])
    except EngineError as error:
        yield f"hosts.{host}: {error}"
        return
    stack = wanted["stack"]
    yield from _missing_images(host, declared["images"], stack, client)
    yield from _taken_ports(host, declared["ports"], stack, client)
    yield from _taken_network(host, IPv4Network(wanted["network"]), stack, client)


def _missing_images(host: str, images: list[str], stack: str, client: docker.DockerClient) -> Iterator[str]:
    tagged = {tag for image in client.api.images() for tag in image["RepoTags"] or ()}
    # One call tells of nearly all; a name may also leave out the tag, or give a digest.
    for image in sorted(set(images) - tagged):
        try:
            client.images.get(image)
        except docker.errors.ImageNotFound:
            yield f"image {image} is missing on {host}; run: basalt images --stack {stack}"


def _taken_ports(host: str, ports: dict[str, str], stack: str, client: docker.DockerClient) -> Iterator[str]:
    for container in client.api.containers():
        if container["Labels"].get("basalt.stack") == stack:
            continue
        for number in sorted({str(port.get("PublicPort")) for port in container["Ports"]} & ports.keys()):
            who = f"services.{ports[number]}: port {number} of {host}"
            yield f"{who} is taken by container {container['Names'][0].lstrip('/')}; publish another, or stop it"


def _taken_network(host: str, ours: IPv4Network, stack: str, client: docker.DockerClient) -> Iterator[str]:
    """The engine would refuse it only when other things are made already, and not say whose it is."""
    for network in client.api.networks():
        if (network["Labels"] or {}).get("basalt.stack") == stack:
            continue
        told = [config.get("Subnet", "") for config in network["IPAM"]["Config"] or ()]
        for subnet in (ip_network(text) for text in told if text):
            if isinstance(subnet, IPv4Network) and subnet.overlaps(ours):
                yield f"network: {ours} overlaps {subnet} of network {network['Name']} on {host}; declare another"
