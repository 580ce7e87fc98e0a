"""node_exporter on every host."""

from collections.abc import Iterator
from dataclasses import replace

from basalt.services.node.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import File, Workload, exporter

#: What these collect belongs to a network namespace, and the exporter's is not the host's.
_BLIND = ("arp", "conntrack", "netdev", "netstat", "sockstat", "softnet", "udp_queues")
#: The engine makes an interface for each container, with twenty files to read each.
_ENGINES_INTERFACES = "^(veth.*|br-.*|docker.*|lo)$"

#: The exporter's own default; Debian's leaves out /mnt and /media too, where many a provider mounts disks.
_NO_DISKS = "^/(dev|proc|run|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"

#: What only the host knows of itself is written there (ansible/roles/exporter). A folder that every Debian has: one
#: that is missing would be an error at each scrape.
_FACTS = "/host/var/lib/misc"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`node-exporter`."""
    command = (
        "prometheus-node-exporter",
        "--web.config.file=/etc/basalt/web.yml",
        "--path.rootfs=/host",
        "--path.procfs=/host/proc",
        "--path.sysfs=/host/sys",
        "--path.udev.data=/host/run/udev/data",
        f"--collector.netclass.ignored-devices={_ENGINES_INTERFACES}",
        f"--collector.filesystem.mount-points-exclude={_NO_DISKS}",
        f"--collector.textfile.directory={_FACTS}",
        "--log.format=json",
        # The bus of the host's systemd is not here: each scrape would be an error.
        "--no-collector.systemd",
        *(f"--no-collector.{name}" for name in _BLIND),
    )
    yield replace(exporter("node", command, 9100, count=1), beside=None, every_host=True, observes_host=True)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """The TLS of its port."""
    yield File("web.yml", site.render("exporter/web.yml.j2"))
