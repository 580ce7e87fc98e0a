"""The blackbox exporter. What it looks at is whatever the stack's workloads publish, route and serve."""

from collections.abc import Iterator

from basalt.probing import modules
from basalt.services.blackbox.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    FILES,
    RARELY,
    STACK,
    Certificate,
    File,
    Limits,
    Port,
    Reload,
    Scrape,
    Tier,
    Workload,
    asks_https,
)

_PORT = 9115
#: Days. As in alerts.yml, CertificateEndsSoon.
_SOON = 14


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """One `blackbox`. It sends no ICMP, so it needs no capability."""
    yield Workload(
        name="blackbox",
        image="blackbox",
        command=(
            "prometheus-blackbox-exporter",
            f"--config.file={FILES}/blackbox.yml",
            f"--web.config.file={FILES}/web.yml",
            "--log.format=json",
            # Why a look failed; that it did is a metric.
            "--log.prober=error",
        ),
        tier=Tier.WATCH,
        ports={"metrics": Port(_PORT, "https")},
        limits=Limits(memory=64, cpus=0.25),
        probe=asks_https(f"https://localhost:{_PORT}/-/healthy", interval=RARELY),
        reload=Reload(signal="SIGHUP"),
        scrapes=(Scrape(),),
        probes="metrics",
        note=_early(topology.certificates.renew),
    )


def _early(renew: int) -> str:
    """Where certificates renew late, nothing is wrong when the alert fires."""
    if renew > _SOON:
        return ""
    return f"certificates renew {renew} days before their end, and CertificateEndsSoon fires {_SOON} days before it"


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """Its own, and the authorities of those it looks at."""
    yield site.certificate(instance)
    known = {port.authority for other in site.instances for port in other.workload.ports.values()}
    for authority in sorted(known - {STACK}, key=lambda authority: authority.name):
        yield Certificate(authority, (instance.name,), key=False)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """A module for each name that has to be proved, and the TLS of its own port."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    text = site.render("blackbox/blackbox.yml.j2", modules=modules(site), timeout=settings.timeout)
    yield File("blackbox.yml", text)
    yield File("web.yml", site.render("exporter/web.yml.j2"))
