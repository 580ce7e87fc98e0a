"""Each part of the application as a workload, and the migration as the task that comes before them."""

import json
from collections.abc import Iterator
from typing import Any

from basalt.services.app import settings as declared
from basalt.services.app.settings import MIGRATE, Part, Settings
from basalt.services.postgres.roles import secret_of
from basalt.site import Instance, Site
from basalt.topology.model import Role, Topology
from basalt.workload import (
    FILES,
    Endpoint,
    File,
    Limits,
    Port,
    Probe,
    Reload,
    Route,
    Scrape,
    SecretRef,
    Stop,
    Tier,
    Workload,
)

SQL = "pgbouncer.sql"
#: Session mode: advisory locks and SET ROLE do not outlive a transaction in the pooler.
PRIMARY = "haproxy.write"
REDIS = "redis.data"
SENTINEL = "redis-sentinel.sentinel"
PROVISIONED = "postgres-provision"

TOKEN_KEY = "app/token-key"  # noqa: S105  a name
DEMO = "app/demo"
REDIS_USER = "app"
REDIS_PASSWORD = "redis/app"  # noqa: S105

_WEB, _METRICS = 8000, 8001
_TLS = f"{FILES}/tls/stack"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """A standby's database takes no migration; it gets it from its primary."""
    migrates = bool(settings.migrate) and topology.role is Role.PRIMARY
    if migrates:
        yield _migration(settings)
    for name, part in settings.parts.items():
        yield _part(name, part, settings, (MIGRATE,) if migrates else ())


def _migration(settings: Settings) -> Workload:
    own = settings.migrate if isinstance(settings.migrate, tuple) else ("python", "-m", "shop", "migrate")
    return Workload(
        name=MIGRATE,
        image=settings.image,
        command=own,
        tier=Tier.APP,
        task=True,
        after=(PROVISIONED,),
        uses=_uses(SQL, PRIMARY, REDIS, SENTINEL),
        limits=Limits(memory=256),
        probe=None,
    )


def _part(name: str, part: Part, settings: Settings, after: tuple[str, ...]) -> Workload:
    kind, port, number = ("api", "web", _WEB) if part.routes else ("worker", "metrics", _METRICS)
    like_the_reference = part.command is None
    return Workload(
        name=name,
        image=settings.image,
        command=part.command or ("python", "-m", "shop", kind),
        count=part.replicas,
        tier=Tier.APP,
        ports={port: Port(number, "https")},
        routes=_routes(name, part, settings),
        uses=_uses(SQL, REDIS, SENTINEL),
        limits=Limits(memory=part.memory, cpus=part.cpus),
        probe=_probe(part, number),
        stop=Stop(seconds=30),
        reload=Reload(signal="SIGHUP") if like_the_reference else None,
        scrapes=(Scrape(port, job="app"),),
        after=after,
    )


def _uses(*endpoints: str) -> tuple[Endpoint, ...]:
    return tuple(map(Endpoint.parse, endpoints))


def _probe(part: Part, port: int) -> Probe | None:
    if part.command is not None:
        return Probe(part.probe) if part.probe else None
    health = ("curl", "-fsS", "-o", "/dev/null", "--cacert", f"{_TLS}/ca.crt", f"https://localhost:{port}/healthz")
    return Probe(part.probe or health)


def _routes(name: str, part: Part, settings: Settings) -> tuple[Route, ...]:
    streams = [path for path in settings.streams if declared.owner(settings, path) == name]
    plain = [path for path in part.routes if path not in streams]
    return (*(Route(path) for path in plain), *(Route(path, streams=True) for path in streams))


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`app.json` and the secrets that it names."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    database = declared.database(settings, site.topology)
    assert database is not None  # noqa: S101  `problems` saw to it
    content = _config(instance, site, settings, database)
    yield File("app.json", json.dumps(content, sort_keys=True, indent=2) + "\n", reloads=False)
    # The application reads a password at each new connection, all else at its start.
    for name in _passwords(instance, database):
        yield File(f"secrets/{name}", SecretRef(name))
    for name in _read_once(instance, settings, site.topology):
        yield File(f"secrets/{name}", SecretRef(name), reloads=False)


def _passwords(instance: Instance, database: str) -> tuple[str, ...]:
    if instance.workload.task:
        return (secret_of(database, "migrate"),)
    return (secret_of(database, "app"), secret_of(database, "readonly"), REDIS_PASSWORD)


def _read_once(instance: Instance, settings: Settings, topology: Topology) -> tuple[str, ...]:
    given = tuple(f"given/{name}" for name in settings.secrets)
    if not instance.workload.task:
        return (TOKEN_KEY, *given)
    return (DEMO, *given) if _seeds(settings, topology) else given


def _seeds(settings: Settings, topology: Topology) -> bool:
    return topology.environment.tolerates_one_host if settings.demo is None else settings.demo


def _config(instance: Instance, site: Site, settings: Settings, database: str) -> dict[str, Any]:
    part = settings.parts.get(instance.workload.name, Part(routes=("/",)))
    pool = {"pool_min": min(2, part.pool), "pool_max": part.pool}
    content: dict[str, Any] = {
        "instance": instance.name,
        "listen": {
            "port": _WEB,
            "certificate": f"{_TLS}/tls.crt",
            "key": f"{_TLS}/tls.key",
            "proxies": _edges(site),
        },
        "authority": f"{_TLS}/ca.crt",
        "database": {"name": database, **_login(database, "app"), **_hosts(instance, site, SQL), **pool},
        "replica": {"name": f"{database}_ro", **_login(database, "readonly"), **_hosts(instance, site, SQL), **pool},
        "redis": {
            "sentinels": list(map(str, site.addresses(SENTINEL, instance))),
            "master": "main",
            "user": REDIS_USER,
            "password_file": _secret(REDIS_PASSWORD),
            "sentinel_user": REDIS_USER,
            "sentinel_password_file": _secret(REDIS_PASSWORD),
        },
        "queues": dict(part.queues) or _all_queues(settings),
        "worker": {"metrics_port": _METRICS},
        "tokens": {"key_file": _secret(TOKEN_KEY)},
    }
    if instance.workload.task:
        owned = {"name": database, "owner": f"{database}_owner"}
        content["migrate"] = {**owned, **_login(database, "migrate"), **_hosts(instance, site, PRIMARY)}
        content["demo"] = {"password_file": _secret(DEMO)} if _seeds(settings, site.topology) else None
    return content


def _hosts(instance: Instance, site: Site, endpoint: str) -> dict[str, list[str]]:
    return {"hosts": list(map(str, site.addresses(endpoint, instance)))}


def _login(database: str, purpose: str) -> dict[str, str]:
    return {"user": f"{database}_{purpose}", "password_file": _secret(secret_of(database, purpose))}


def _secret(name: str) -> str:
    return f"{FILES}/secrets/{name}"


def _edges(site: Site) -> list[str]:
    """Whose word on the client's address is believed. Between hosts a container's connection comes from its host, or,
    on one and the same host, from the engine's network."""
    edges = [instance for instance in site.instances if instance.workload.collects_routes]
    if not site.several_hosts:
        return [edge.address for edge in edges]
    return sorted({str(site.host(edge).address) for edge in edges} | {str(site.topology.network)}) if edges else []


def _all_queues(settings: Settings) -> dict[str, int]:
    """Who only sends jobs still has to know the queues."""
    queues = {name: number for part in settings.parts.values() for name, number in part.queues.items()}
    return queues or {"notifications": 1}
