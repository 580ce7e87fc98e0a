"""Prometheus, with a target for each instance that offers metrics."""

from collections.abc import Iterator

from basalt.collect import constants, rules
from basalt.services.monitoring import probes
from basalt.services.monitoring.managers import managers
from basalt.services.monitoring.scrapes import jobs, passwords
from basalt.services.monitoring.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    RARELY,
    STACK,
    Answers,
    Certificate,
    File,
    Limits,
    Port,
    Publish,
    Reload,
    Scrape,
    SecretRef,
    Stop,
    Tier,
    Volume,
    Workload,
    asks_https,
)


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """One `prometheus`."""
    yield Workload(
        name="prometheus",
        image="prometheus",
        command=("prometheus", *_arguments(settings)),
        # The collector is told where its room ends; else it would find out from the kernel.
        environment={"GOMEMLIMIT": f"{settings.memory * 9 // 10}MiB"},
        tier=Tier.WATCH,
        ports={"web": Port(9090, "https")},
        publish=_publish(settings),
        volumes=(Volume("data", "/var/lib/prometheus"),),
        limits=Limits(memory=settings.memory),
        probe=asks_https("https://localhost:9090/-/healthy", interval=RARELY),
        stop=Stop(seconds=60),
        reload=Reload(signal="SIGHUP"),
        scrapes=(Scrape("web"),),
        collects_scrapes=True,
        answers=Answers("web", settings.interval),
        sends_alerts=True,
    )


def _arguments(settings: Settings) -> tuple[str, ...]:
    return (
        "--config.file=/etc/basalt/prometheus.yml",
        "--web.config.file=/etc/basalt/web.yml",
        "--storage.tsdb.path=/var/lib/prometheus",
        f"--storage.tsdb.retention.time={settings.retention_days}d",
        f"--storage.tsdb.retention.size={settings.storage_gb}GB",
        "--log.format=json",
    )


def _publish(settings: Settings) -> tuple[Publish, ...]:
    if settings.publish is None:
        return ()
    return (Publish("web", *settings.publish, "no password; from this host only"),)


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """Its own, and the authorities of the ports that it scrapes."""
    yield site.certificate(instance)
    scraped = {other.workload.ports[scrape.port].authority for scrape, other in site.scrapes()}
    for authority in sorted(scraped - {STACK}, key=lambda authority: authority.name):
        yield Certificate(authority, (instance.name,), key=False)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`prometheus.yml`, the rules of every service, and the TLS of its own port."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    alerting = dict(rules.files(site.topology.services, settings.overrides, settings.runbooks))
    if decided := constants.rules(site):
        alerting["constants.yml"] = decided
    yield File(
        "prometheus.yml",
        site.render(
            "monitoring/prometheus.yml.j2",
            interval=settings.interval,
            timeout=min(10, settings.interval),
            stack=site.topology.name,
            region=site.topology.region,
            managers=managers(site),
            jobs=(*jobs(site), *probes.jobs(site, settings.interval)),
            rules=tuple(alerting),
        ),
    )
    for name, text in alerting.items():
        yield File(f"rules/{name}", text)
    for name in passwords(site):
        yield File(f"secrets/{name}", SecretRef(name))
    yield File("web.yml", site.render("exporter/web.yml.j2"))
