"""node_exporter on every host."""

from collections.abc import Iterator

from basalt.services.node.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import File, Limits, Port, Probe, Reload, Scrape, Tier, Workload

_AUTHORITY = "/etc/basalt/tls/stack/ca.crt"

#: What these collect belongs to a network namespace, and the exporter's is not the host's.
_BLIND = ("arp", "conntrack", "netdev", "netstat", "sockstat", "softnet", "udp_queues")


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`node-exporter`."""
    yield Workload(
        name="node-exporter",
        image="exporter",
        command=(
            "prometheus-node-exporter",
            "--web.config.file=/etc/basalt/web.yml",
            "--path.rootfs=/host",
            "--path.procfs=/host/proc",
            "--path.sysfs=/host/sys",
            "--path.udev.data=/host/run/udev/data",
            *(f"--no-collector.{name}" for name in _BLIND),
        ),
        every_host=True,
        tier=Tier.WATCH,
        observes_host=True,
        ports={"metrics": Port(9100, "https")},
        limits=Limits(memory=64, cpus=0.25),
        probe=Probe(
            ("curl", "-fsS", "-o", "/dev/null", "--cacert", _AUTHORITY, "https://localhost:9100/"), interval=15
        ),
        # It reads its certificate at each handshake.
        reload=Reload(("true",)),
        scrapes=(Scrape(job="node"),),
    )


def files(instance: Instance, site: Site) -> Iterator[File]:
    """The TLS of its port."""
    yield File("web.yml", site.render("exporter/web.yml.j2"))
