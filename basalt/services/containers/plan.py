"""An exporter on every host, for the stack's containers there."""

import json
from collections.abc import Iterator
from dataclasses import replace

from basalt.services.containers.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import RARELY, File, Reload, Scrape, Workload, asks_https, exporter

_PORT = 9101
#: One that costs nothing: any path but this way of asking looks through all containers.
_ALIVE = f"https://localhost:{_PORT}/?name%5B%5D=python_info"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`containers-exporter`."""
    yield replace(
        exporter("containers", ("container-metrics",), _PORT, count=1),
        image="containers",
        beside=None,
        every_host=True,
        observes_host=True,
        probe=asks_https(_ALIVE, interval=RARELY),
        reload=Reload(signal="SIGHUP"),
        scrapes=(Scrape(job="containers", about_others=True),),
    )


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Whom an address on this host belongs to: by it a container is told from those of others."""
    here = (other for other in site.instances if other.host == instance.host)
    known = {i.address: {"subject": i.name, "workload": i.workload.name, "service": i.service} for i in here}
    yield File("instances.json", json.dumps(known, indent=1) + "\n")
