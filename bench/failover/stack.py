"""The stack that fails: etcd, three members of PostgreSQL, HAProxy, PgBouncer, the fencer; brought up and removed."""

import json
from typing import Any

from docker.models.containers import Container

from bench.stack import prepare as small
from bench.writers import SCHEMA
from tests.live.database import parameters
from tests.live.project import Project, execute
from tests.waiting import until

WRITERS = 4

_CLUSTER = ("curl", "-fsS", "--cacert", "/etc/basalt/tls/control/ca.crt", "https://localhost:8008/cluster")
PROBES = "CREATE TABLE IF NOT EXISTS bench_probe (member text PRIMARY KEY, seq bigint NOT NULL)"


def prepare() -> Project:
    """The stack is up, and the tables are there."""
    return small("fen", "198.18.32.0/20", (SCHEMA, PROBES), fencer={})


def members(project: Project) -> dict[str, dict[str, Any]]:
    """libpq's parameters of each member of PostgreSQL, past every proxy."""
    link = parameters(project, "postgres.sql", "migrate")
    return {m.name: {**link, "host": m.name, "hostaddr": m.address} for m in project.plan.site.of("postgres")}


def cluster(project: Project) -> list[dict[str, Any]]:
    """Patroni's members as the first that answers sees them. AssertionError when none does."""
    for name, container in sorted(project.containers().items()):
        if name.startswith("postgres-") and name[-1].isdecimal() and container.status == "running":
            try:
                found: list[dict[str, Any]] = json.loads(execute(container, *_CLUSTER))["members"]
            except AssertionError:
                continue
            return found
    raise AssertionError("no member answers")


def leader(project: Project) -> str:
    """Who leads a whole cluster: the others stream without a gap and one of them has every commit. Nobody otherwise."""
    seen = cluster(project)
    leading = [one["name"] for one in seen if one["role"] == "leader" and one["state"] == "running"]
    followers = [one for one in seen if one["role"] in ("replica", "sync_standby") and one["state"] == "streaming"]
    synchronous = any(one["role"] == "sync_standby" for one in followers)
    level = len({one.get("timeline") for one in seen}) == 1
    return leading[0] if len(leading) == 1 and len(followers) == 2 and synchronous and level else ""


def whole(project: Project, seconds: float = 180) -> str:
    """Waits for a whole cluster; who leads it."""
    return until(lambda: leader(project), "a whole cluster", seconds, every=0.5)


def container(project: Project, name: str) -> Container:
    """A container as it is now."""
    return project.containers()[name]
