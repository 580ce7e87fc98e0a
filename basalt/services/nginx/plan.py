"""nginx members, and an exporter beside each. What they route is whatever the stack's workloads declare as routes."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace

from basalt.services.nginx import routes
from basalt.services.nginx.settings import Limits as Rates
from basalt.services.nginx.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.listen import Listener
from basalt.topology.model import Host, Topology
from basalt.workload import (
    FILES,
    Certificate,
    Endpoint,
    File,
    Limits,
    LogFormat,
    Port,
    Probe,
    Publish,
    Reload,
    SecretRef,
    Stop,
    Tier,
    Tmpfs,
    Workload,
    exporter,
)

STATUS = "nginx.status"
TOKEN_KEY = SecretRef("app/token-key")

_TLS = f"{FILES}/tls/stack"
_HTTPS, _HTTP, _STATUS, _METRICS = 8443, 8080, 8081, 9113
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  the host's, outside dev and test
#: Largest request bodies that may wait in memory at once, each until all of it is there.
_BODIES = 8
#: Its error log; the access log is JSON. Only after an "emerg" it ends: a client's bad handshake may be "crit", and a
#: connection that a reload has cut is an "alert" (ngx_event_openssl.c, ngx_process_cycle.c).
ERROR_LOG = LogFormat(r"^[\d/]+ [\d:]+ \[(?P<level>[a-z]+)\] (?P<message>.*)", (("alert", "error"), ("crit", "error")))
#: Seconds for answers under way when a worker stops, beyond the longest answer.
_GRACE = 5


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """The edge and its exporters."""
    scratch = _BODIES * settings.body_mb
    https, http = published(settings, topology)
    yield Workload(
        name="nginx",
        image="nginx",
        command=("edge", "-c", f"{FILES}/nginx.conf"),
        count=settings.members,
        tier=Tier.EDGE,
        ports={"https": Port(_HTTPS, "https"), "http": Port(_HTTP, "http"), "status": Port(_STATUS, "https")},
        publish=(Publish("https", *https), Publish("http", *http)),
        collects_routes=True,
        domain=settings.domain,
        tmpfs=(Tmpfs("/tmp", scratch),),  # noqa: S108  the container's own
        limits=Limits(memory=settings.memory + scratch, cpus=settings.cpus),
        probe=Probe(("curl", "-fsS", "-o", "/dev/null", f"http://127.0.0.1:{_HTTP}/edge/healthz")),
        stop=Stop("SIGQUIT", settings.timeout + 2 * _GRACE),
        reload=Reload(("edge-reload",)),
        log_format=ERROR_LOG,
    )
    # The arguments differ from instance to instance; kingpin reads them from a file, one a line.
    command = ("prometheus-nginx-exporter", f"@{FILES}/arguments")
    yield replace(exporter("nginx", command, _METRICS, settings.members), uses=(Endpoint.parse(STATUS),))


def published(settings: Settings, topology: Topology) -> tuple[Listener, Listener]:
    """Where the host listens for HTTPS and for HTTP."""
    local = topology.environment.tolerates_one_host
    https, http = settings.publish.https, settings.publish.http
    return (
        https or (Listener("127.0.0.1", _HTTPS) if local else Listener(_EVERY_ADDRESS, 443)),
        http or (Listener("127.0.0.1", _HTTP) if local else Listener(_EVERY_ADDRESS, 80)),
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """The edge's bears every name that people may type."""
    more = _public_names(instance, site) if instance.workload.collects_routes else ()
    own = site.certificate(instance)
    yield site.certificate(instance, *(name for name in more if name not in own.names))


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Each workload's own."""
    return _edge_files(instance, site) if instance.workload.collects_routes else _exporter_files(instance, site)


def _edge_files(instance: Instance, site: Site) -> Iterator[File]:
    settings = _settings(site)
    origins = settings.allowed_origins
    workers = math.ceil(settings.cpus)
    endpoints = sorted(settings.endpoints, key=len, reverse=True)
    main = site.render("nginx/nginx.conf.j2", settings=settings, workers=workers, drain=settings.timeout + _GRACE)
    yield File("nginx.conf", main)
    yield File("maps.conf", site.render("nginx/maps.conf.j2", endpoints=endpoints, origins=origins))
    hsts = _hsts(settings, site.topology)
    yield File("headers.conf", site.render("nginx/headers.conf.j2", hsts=hsts, origins=origins))
    yield File("routes.conf", _routes(instance, site, settings))
    yield File("limits.json", limits(settings))
    yield File(f"secrets/{TOKEN_KEY.name}", TOKEN_KEY)


def _routes(instance: Instance, site: Site, settings: Settings) -> str:
    https, _ = published(settings, site.topology)
    return site.render(
        "nginx/routes.conf.j2",
        names=_public_names(instance, site),
        redirect=settings.domain if https.port == 443 else f"{settings.domain}:{https.port}",
        upstreams=routes.upstreams(site),
        locations=routes.locations(site),
        closed=routes.closed(site),
        fallback=routes.fallback(site),
    )


def limits(settings: Settings) -> str:
    """The rates as the limiter reads them: `{"tiers": {name: {"requests", "seconds"}}, "endpoints": {path: ...}}`"""
    tiers = {tier: getattr(settings.limits, tier)._asdict() for tier in Rates.model_fields}
    endpoints = {path: rate._asdict() for path, rate in settings.endpoints.items()}
    return json.dumps({"tiers": tiers, "endpoints": endpoints}, sort_keys=True, indent=2) + "\n"


def _exporter_files(instance: Instance, site: Site) -> Iterator[File]:
    watched = site.addresses(STATUS, instance)[instance.ordinal - 1]
    yield File("arguments", site.render("nginx/exporter.j2", watched=watched), reloads=False)
    yield File("web.yml", site.render("exporter/web.yml.j2"), reloads=False)


def _hsts(settings: Settings, topology: Topology) -> int:
    """Seconds. A browser that once saw the header on localhost would refuse every other plain page there."""
    usual = 0 if topology.environment.tolerates_one_host else 365
    return (usual if settings.hsts is None else settings.hsts) * 86_400


def _public_names(instance: Instance, site: Site) -> tuple[str, ...]:
    """What may stand in a URL: the domain, and the addresses that the host listens on."""
    settings = _settings(site)
    https, _ = published(settings, site.topology)
    host: Host = site.host(instance)
    address = str(host.address) if https.address == _EVERY_ADDRESS else https.address
    return tuple(dict.fromkeys((settings.domain, address, "localhost")))


def _settings(site: Site) -> Settings:
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    return settings
