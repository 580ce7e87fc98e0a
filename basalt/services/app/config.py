"""What an instance of the application reads: `app.json`, whose schema is app/shop/settings.py, and its secrets."""

import json
from collections.abc import Iterator
from typing import Any

from basalt.services.app.settings import Part, Settings
from basalt.services.postgres.roles import secret_of
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import FILES, File, SecretRef

SQL = "pgbouncer.sql"
#: Session mode: advisory locks and SET ROLE do not outlive a transaction in the pooler.
PRIMARY = "haproxy.write"
REDIS = "redis.data"
SENTINEL = "redis-sentinel.sentinel"

WEB, METRICS = 8000, 8001
TLS = f"{FILES}/tls/stack"

#: Names of secrets.
TOKEN_KEY, DEMO, REDIS_PASSWORD = "app/token-key", "app/demo", "redis/app"

_REDIS_USER = "app"
#: The name by which the sentinels watch the members.
_REDIS_MASTER = "main"


def render(instance: Instance, site: Site, settings: Settings, database: str) -> str:
    """`app.json`"""
    return json.dumps(_content(instance, site, settings, database), sort_keys=True, indent=2) + "\n"


def secrets(instance: Instance, site: Site, settings: Settings, database: str) -> Iterator[File]:
    """Passwords are read at each new connection, all else at the start."""
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
    return (DEMO, *given) if seeds(settings, topology) else given


def seeds(settings: Settings, topology: Topology) -> bool:
    """Whether demo users are there."""
    return topology.environment.tolerates_one_host if settings.demo is None else settings.demo


def _content(instance: Instance, site: Site, settings: Settings, database: str) -> dict[str, Any]:
    part = settings.parts.get(instance.workload.name, Part(routes=("/",)))
    pool = {"pool_min": min(2, part.pool), "pool_max": part.pool}
    content: dict[str, Any] = {
        "instance": instance.name,
        "listen": {
            "port": WEB,
            "certificate": f"{TLS}/tls.crt",
            "key": f"{TLS}/tls.key",
            "proxies": _edges(site),
        },
        "authority": f"{TLS}/ca.crt",
        "database": {"name": database, **_login(database, "app"), **_hosts(instance, site, SQL), **pool},
        "replica": {"name": f"{database}_ro", **_login(database, "readonly"), **_hosts(instance, site, SQL), **pool},
        "redis": {
            "sentinels": list(map(str, site.addresses(SENTINEL, instance))),
            "master": _REDIS_MASTER,
            "user": _REDIS_USER,
            "password_file": _secret(REDIS_PASSWORD),
            "sentinel_user": _REDIS_USER,
            "sentinel_password_file": _secret(REDIS_PASSWORD),
        },
        "queues": dict(part.queues) or _all_queues(settings),
        "worker": {"metrics_port": METRICS},
        "tokens": {"key_file": _secret(TOKEN_KEY)},
    }
    if instance.workload.task:
        owned = {"name": database, "owner": f"{database}_owner"}
        content["migrate"] = {**owned, **_login(database, "migrate"), **_hosts(instance, site, PRIMARY)}
        content["demo"] = {"password_file": _secret(DEMO)} if seeds(settings, site.topology) else None
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
