"""Grafana. All that it knows is in files: its database lives as long as its container, so the password in force is
always the one in the file."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from basalt.services.grafana.settings import BUILT_HERE, Settings, published
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.urls import urls
from basalt.workload import (
    FILES,
    Certificate,
    File,
    Limits,
    Port,
    Publish,
    Scrape,
    SecretRef,
    Tier,
    Tmpfs,
    Workload,
    asks_https,
)

ADMIN, KEY = SecretRef("grafana/admin"), SecretRef("grafana/key")

_PORT, _DATA = 3000, "/var/lib/grafana"
_LOGIN = f"as admin; the password: basalt secret {ADMIN.name} {{stack}}"
_BARE = "no web pages, for programs only: the server built here lacks them, the official image has them"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """One `grafana`. A changed file replaces it: it would not read its certificate again."""
    yield Workload(
        name="grafana",
        image=settings.image,
        command=(),
        environment={
            # Read by the entry point of either image.
            "GF_PATHS_CONFIG": f"{FILES}/grafana.ini",
            # The collector is told where its room ends; else it would find out from the kernel.
            "GOMEMLIMIT": f"{settings.memory * 9 // 10}MiB",
        },
        tier=Tier.WATCH,
        ports={"web": Port(_PORT, "https")},
        publish=_publish(settings, topology),
        tmpfs=(Tmpfs("/tmp"), Tmpfs(_DATA, 64)),  # noqa: S108  the container's own
        # Its start computes for some seconds; afterwards it does nearly nothing.
        limits=Limits(memory=settings.memory, cpus=1),
        probe=asks_https(f"https://localhost:{_PORT}/api/health"),
        scrapes=(Scrape("web"),),
        asks=True,
        note=_BARE if settings.image == BUILT_HERE else "",
    )


def _publish(settings: Settings, topology: Topology) -> tuple[Publish, ...]:
    listener = published(settings, topology)
    if listener is None:
        return ()
    return (Publish("web", *listener, f"{_LOGIN}; {_BARE}" if settings.image == BUILT_HERE else _LOGIN),)


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """Its own, with the address that people type."""
    typed = urlsplit(_root(instance, site)).hostname
    yield site.certificate(instance, typed) if typed else site.certificate(instance)


def _root(instance: Instance, site: Site) -> str:
    """What people type; empty where it is not published."""
    return urls(site).get(f"{instance.name}.web", "")


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`grafana.ini` with its secrets, whom it asks, and every service's dashboard."""
    # Who only checks a stack file draws nothing: what draws takes longer to load than all checks.
    from basalt.collect import dashboards
    from basalt.services.grafana.sources import sources

    yield File(
        "grafana.ini",
        site.render(
            "grafana/grafana.ini.j2",
            port=_PORT,
            data=_DATA,
            root=_root(instance, site),
            admin=f"{FILES}/secrets/{ADMIN.name}",
            key=f"{FILES}/secrets/{KEY.name}",
        ),
    )
    for secret in (ADMIN, KEY):
        yield File(f"secrets/{secret.name}", secret)
    yield File("provisioning/datasources/metrics.yml", site.render("grafana/sources.yml.j2", sources=sources(site)))
    yield File("provisioning/dashboards/basalt.yml", site.render("grafana/dashboards.yml.j2"))
    # A folder that it does not find is an error in its log.
    for unused in ("alerting", "notifiers", "plugins"):
        yield File(f"provisioning/{unused}/none.yml", "apiVersion: 1\n")
    for name, text in dashboards.files(site.topology.services):
        yield File(f"dashboards/{name}", text)
