"""A stack's objects on its engines, found by label."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docker.errors import NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.models.volumes import Volume

from basalt.targets.docker.address import describe
from basalt.targets.docker.engine import connect
from basalt.topology.model import Topology


@dataclass(frozen=True)
class Objects:
    """What bears the stack's label."""

    containers: tuple[Container, ...]
    networks: tuple[Network, ...]
    volumes: tuple[Volume, ...]

    def __bool__(self) -> bool:
        return bool(self.containers or self.networks)


def find(topology: Topology) -> Objects:
    """Every labelled object on the stack's engines, running or not."""
    mark: dict[str, Any] = {"label": f"basalt.stack={topology.name}"}
    clients = [connect(describe(host)) for host in topology.hosts.values()]
    return Objects(
        tuple(c for client in clients for c in client.containers.list(all=True, filters=mark, ignore_removed=True)),
        tuple(n for client in clients for n in client.networks.list(filters=mark)),
        tuple(v for client in clients for v in client.volumes.list(filters=mark)),
    )


def remove(objects: Objects, known: set[str]) -> Iterator[str]:
    """Removes containers and networks whose id is not `known`; yields what it removed. Volumes are left: their data
    may be wanted, and the next `up` takes them over by name."""
    for container in objects.containers:
        if container.id not in known:
            yield _removed(container, f"container {container.name}", force=True)
    for network in objects.networks:
        if network.id not in known:
            yield _removed(network, f"network {network.name}")


def _removed(thing: Container | Network, said: str, **how: bool) -> str:
    try:
        thing.remove(**how)
    except NotFound:
        return f"{said} (was going already)"
    return said


def remove_volumes(objects: Objects) -> Iterator[str]:
    """Removes all labelled volumes, data and all."""
    for volume in objects.volumes:
        volume.remove(force=True)
        yield f"volume {volume.name}"
