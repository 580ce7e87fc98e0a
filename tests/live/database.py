"""Connections to the database from outside its network, as a role of the application's database."""

import re
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from docker.models.containers import Container

from tests.live.project import Project, execute
from tests.waiting import until


def parameters(project: Project, endpoint: str, role: str) -> dict[str, str | int]:
    """libpq parameters: verified TLS to the first instance of `endpoint`, by address (a name resolves only inside)."""
    workload, port = endpoint.split(".")
    site = project.plan.site
    instance = site.of(workload)[0]
    authority = Path(tempfile.gettempdir()) / f"basalt-{project.stack}-ca.crt"
    authority.write_text(project.authority)
    return {
        "host": instance.name,
        "hostaddr": site.ip(instance),
        "port": site.outer_port(instance, port),
        "dbname": "shop",
        "user": f"shop_{role}",
        "password": project.secret(f"postgres/shop/{role}"),
        "sslmode": "verify-full",
        "sslrootcert": str(authority),
        "connect_timeout": 5,
    }


def connect(
    project: Project, endpoint: str, role: str, **changes: str | int
) -> "psycopg.Connection[tuple[object, ...]]":
    """A connection in autocommit. `changes` override parameters: psycopg.OperationalError when they are refused. As the
    application goes, without any, it may take a moment."""
    conninfo: dict[str, Any] = {**parameters(project, endpoint, role), **changes}

    def attempt() -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(autocommit=True, **conninfo)

    return attempt() if changes else until(attempt, f"a connection to {endpoint}", 30)


#: By its own console, which lets in who runs as its user (images/pgbouncer/guard).
_RESOLVED = """
import sys
sys.path.insert(0, "/usr/local/lib/guard")
from console import Console
print(*(row["addrs"] for row in Console().ask("SHOW DNS_HOSTS") if row["hostname"] == "haproxy"))
"""


def ways(project: Project) -> dict[str, set[str]]:
    """The addresses at which each PgBouncer finds HAProxy, since it was last asked for a connection."""
    poolers = [one.name for one in project.plan.site.of("pgbouncer")]
    containers = project.containers()
    told = {name: execute(containers[name], "python3", "-E", "-s", "-c", _RESOLVED) for name in poolers}
    return {name: {one.rpartition(":")[0] for one in line.strip().split(",")} for name, line in told.items()}


def primary(project: Project) -> Container:
    """The member that takes writes."""
    members = [c for name, c in project.containers().items() if re.fullmatch(r"postgres-\d+", name)]
    return until(lambda: [member for member in members if is_primary(member)], "a primary", 60)[0]


def is_primary(container: Container) -> bool:
    """Whether a member of the cluster takes writes."""
    query = "SELECT NOT pg_is_in_recovery()"
    return execute(container, "psql", "-h", "/run/postgresql", "-Atc", query).strip() == "t"
