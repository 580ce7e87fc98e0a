"""A small stack of the database alone, for benches: etcd, three members of PostgreSQL, HAProxy, PgBouncer."""

import shutil
from typing import Any

import yaml

from tests.live.database import connect, parameters
from tests.live.project import ROOT, Project, copy


def prepare(stack: str, network: str, tables: tuple[str, ...], **services: dict[str, Any]) -> Project:
    """The stack is up, and the tables are there. `services`: what it has besides."""
    topology = {
        "environment": "test",
        "region": "local",
        "network": network,
        "hosts": {"local": {"address": "127.0.0.1", "zone": "a", "cores": 2, "memory_gb": 6}},
        "services": {
            "etcd": {},
            "postgres": {"members": 3, "memory": 384, "databases": {"shop": {}}},
            "haproxy": {"members": 2},
            "pgbouncer": {"members": 2},
            **services,
        },
    }
    project = copy(ROOT / ".basalt" / stack, stack)
    if not project.stack_file.exists():
        project.stack_file.write_text(yaml.safe_dump({"config": {"basalt:topology": topology}}, sort_keys=False))
    project.up()
    with connect(project, "haproxy.write", "migrate") as connection:
        for statement in tables:
            connection.execute(statement.encode())
    return project


def remove(project: Project) -> None:
    """Nothing of it stays."""
    project.remove()
    shutil.rmtree(project.folder)


def links(project: Project, writers: int) -> list[dict[str, Any]]:
    """libpq's parameters of each writer: the same number at each PgBouncer."""
    link = parameters(project, "pgbouncer.sql", "app")
    poolers = project.plan.site.of("pgbouncer")
    chosen = (poolers[number % len(poolers)] for number in range(writers))
    return [{**link, "host": pooler.name, "hostaddr": pooler.address} for pooler in chosen]
