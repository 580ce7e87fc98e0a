"""Which ports a host opens, and to whom: what a firewall has to let through. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from basalt.site import Instance, Site
from basalt.workload import Endpoint

ANYWHERE = "0.0.0.0/0"
LOOPBACK = "127.0.0.0/8"


@dataclass(frozen=True, slots=True)
class Opening:
    """A TCP port of a host. `sources` are networks: everybody, the host itself, or the hosts that carry a user."""

    number: int
    address: str
    sources: tuple[str, ...]
    instance: str
    port: str


def openings(site: Site, host: str) -> tuple[Opening, ...]:
    """Everything that the host listens on for its instances, by number. sshd and the engine are not among it: who may
    give orders to a host is not the topology's to say."""
    here = [instance for instance in site.instances if instance.host == host]
    found = [opening for instance in here for opening in (*_published(instance), *_between_hosts(site, instance))]
    return tuple(sorted(found, key=lambda opening: (opening.number, opening.address)))


def users(site: Site, instance: Instance, port: str) -> tuple[Instance, ...]:
    """The instances that connect to one port of an instance: they declare it, or they gather what it offers."""
    workload = instance.workload
    routed = any(route.port == port for route in workload.routes)
    scraped = any(scrape.port == port for scrape in workload.scrapes)
    answers = workload.answers is not None and workload.answers.port == port
    return tuple(
        other
        for other in site.instances
        if Endpoint(workload.name, port) in other.workload.uses
        or (routed and other.workload.collects_routes)
        or (scraped and other.workload.collects_scrapes)
        or (answers and other.workload.asks)
    )


def _published(instance: Instance) -> Iterator[Opening]:
    for publish in instance.workload.publish:
        sources = (LOOPBACK,) if ip_address(publish.address).is_loopback else (ANYWHERE,)
        yield Opening(publish.number, publish.address, sources, instance.name, publish.port)


def _between_hosts(site: Site, instance: Instance) -> Iterator[Opening]:
    if not site.several_hosts:
        return
    for port in site.used_ports(instance):
        # The host itself too, when a user stands beside: its packets leave by the bridge and come back by the address.
        sources = sorted({f"{site.host(user).address}/32" for user in users(site, instance, port)})
        address = str(site.host(instance).address)
        yield Opening(site.outer_port(instance, port), address, tuple(sources), instance.name, port)
