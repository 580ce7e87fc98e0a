"""Alertmanager members. Whoever evaluates rules finds them by the word `takes_alerts`."""

from collections.abc import Iterator

from basalt.services.alertmanager import silences
from basalt.services.alertmanager.routing import steps
from basalt.services.alertmanager.settings import NOBODY, Settings, fallback, published, retention
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    FILES,
    RARELY,
    Endpoint,
    File,
    Limits,
    Port,
    Publish,
    Reload,
    Scrape,
    SecretRef,
    Tier,
    Volume,
    Workload,
    asks_https,
)

GOSSIP = "alertmanager.gossip"

_WEB, _GOSSIP, _MEMORY = 9093, 9094, 64
_SILENT = "no receivers are declared: alerts are shown, and sent to nobody"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`alertmanager`"""
    several = settings.members > 1
    ports = {"web": Port(_WEB, "https")}
    yield Workload(
        name="alertmanager",
        image="alertmanager",
        command=("prometheus-alertmanager", f"@{FILES}/arguments"),
        count=settings.members,
        # The collector is told where its room ends; else it would find out from the kernel.
        environment={"GOMEMLIMIT": f"{_MEMORY * 9 // 10}MiB"},
        tier=Tier.WATCH,
        ports=ports | {"gossip": Port(_GOSSIP)} if several else ports,
        uses=(Endpoint.parse(GOSSIP),) if several else (),
        publish=_publish(settings, topology),
        volumes=(Volume("data", "/var/lib/alertmanager"),),
        limits=Limits(memory=_MEMORY, cpus=0.25),
        probe=asks_https(f"https://localhost:{_WEB}/-/healthy", interval=RARELY),
        reload=Reload(signal="SIGHUP"),
        scrapes=(Scrape("web"),),
        takes_alerts="web",
        note="" if settings.receivers else _SILENT,
    )


def _publish(settings: Settings, topology: Topology) -> tuple[Publish, ...]:
    listener = published(settings, topology)
    if listener is None:
        return ()
    note = "no password; from this host only"
    return (Publish("web", *listener, note if settings.receivers else f"{note}; {_SILENT}"),)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`alertmanager.yml`, the secrets that it names, arguments, and the TLS of its ports."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    yield File("alertmanager.yml", _config(settings, site))
    # Read whenever something is sent.
    for name in sorted({secret for receiver in settings.receivers.values() for _, secret in receiver.secrets()}):
        yield File(f"secrets/given/{name}", SecretRef(f"given/{name}"))
    yield File("arguments", "\n".join(_arguments(instance, site, settings)) + "\n", reloads=False)
    yield File("web.yml", site.render("exporter/web.yml.j2"))
    if settings.members > 1:
        name = instance.workload.name
        yield File("gossip.yml", site.render("alertmanager/gossip.yml.j2", certified=name), reloads=False)


def _config(settings: Settings, site: Site) -> str:
    return site.render(
        "alertmanager/alertmanager.yml.j2",
        settings=settings,
        fallback=fallback(settings),
        nobody=NOBODY,
        steps=steps(settings),
        muted=silences.muted(settings.silences),
        intervals=[(silences.name(i), s.comment, silences.intervals(s)) for i, s in enumerate(settings.silences)],
        secrets=f"{FILES}/secrets/given",
    )


def _arguments(instance: Instance, site: Site, settings: Settings) -> Iterator[str]:
    """They differ from instance to instance; kingpin reads them from a file, one a line."""
    yield f"--config.file={FILES}/alertmanager.yml"
    yield f"--web.config.file={FILES}/web.yml"
    yield "--storage.path=/var/lib/alertmanager"
    yield f"--data.retention={retention(settings)}h"
    yield "--log.format=json"
    listener = published(settings, site.topology)
    if listener:
        yield f"--web.external-url=https://{listener.address}:{listener.port}"
    if settings.members == 1:
        yield "--cluster.listen-address="
        return
    yield f"--cluster.listen-address=0.0.0.0:{_GOSSIP}"
    yield f"--cluster.advertise-address={site.ip(instance)}:{site.outer_port(instance, 'gossip')}"
    yield f"--cluster.tls-config={FILES}/gossip.yml"
    own = site.address(instance, "gossip")
    yield from (f"--cluster.peer={peer}" for peer in site.addresses(GOSSIP, instance) if peer != own)
