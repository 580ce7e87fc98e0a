"""etcd members: TLS with client certificates of the control authority on both links, v3 only."""

from collections.abc import Iterator

from basalt.services.etcd.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import CONTROL, Certificate, Endpoint, File, Limits, Port, Probe, Scrape, Tier, Volume, Workload

CONFIG = "/etc/basalt/etcd.yaml"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """One workload; members keep their identity by ordinal."""
    yield Workload(
        name="etcd",
        image="etcd",
        command=("etcd", "--config-file", CONFIG),
        count=settings.members,
        tier=Tier.CONTROL,
        quorum=True,
        ports={"client": Port(2379, "https"), "peer": Port(2380, "https"), "metrics": Port(2381, "http")},
        uses=(Endpoint("etcd", "peer"),),
        volumes=(Volume("data", "/var/lib/etcd"),),
        # Its silence is taken for its death.
        limits=Limits(memory=settings.memory, cpus=0.5, weight=8),
        # /livez asks about this process alone: a member without a quorum is alive, and restarting it would not help.
        probe=Probe(("curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:2381/livez")),
        scrapes=(Scrape(),),
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """A member's certificate serves clients and peers alike."""
    yield site.certificate(instance, "127.0.0.1", authority=CONTROL)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`etcd.yaml`; etcd reads it only at its start."""
    peers = site.addresses("etcd.peer", instance)
    yield File(
        "etcd.yaml",
        site.render(
            "etcd/etcd.yaml.j2",
            name=instance.name,
            cluster=site.topology.name,
            members=[(address.name, f"https://{address}") for address in peers],
            peer=f"https://{site.address(instance, 'peer')}",
            client=f"https://{site.address(instance, 'client')}",
            quota=instance.workload.limits.memory * 1024 * 1024 // 2,
        ),
        reloads=False,
    )
