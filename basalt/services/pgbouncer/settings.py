"""What a stack file may say of PgBouncer."""

from collections.abc import Iterator

from pydantic import Field

from basalt.services.postgres.settings import RESERVED_CONNECTIONS
from basalt.services.postgres.settings import Settings as Postgres
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem


class Settings(Base):
    """`services.pgbouncer`"""

    members: int = Field(default=2, ge=1, le=9, description="clients use all of them")
    pool: int = Field(default=20, ge=1, le=1000, description="server connections of one member to one database")
    clients: int = Field(default=1000, ge=10, le=10_000, description="client connections of one member")


def problems(settings: Settings, topology: Topology, _given: frozenset[str]) -> Iterator[Problem]:
    """All pools together must fit the primary: reads fall back to it when no replica is left."""
    postgres = topology.service(Postgres)
    if postgres is None:
        yield Problem("services.pgbouncer", None, "there is no postgres to pool for; declare services.postgres")
        return
    entries = 2 * len(postgres.databases)
    wanted, room = settings.members * entries * settings.pool, postgres.max_connections - RESERVED_CONNECTIONS
    if wanted > room:
        sums = f"{settings.members} members x {entries} pools (write, read) x {settings.pool} = {wanted}"
        best = room // (settings.members * entries)
        remedy = (
            f"{sums} > {postgres.max_connections} max_connections - {RESERVED_CONNECTIONS} reserved; at most {best}"
        )
        yield Problem("services.pgbouncer.pool", settings.pool, f"{remedy}, or raise services.postgres.max_connections")
