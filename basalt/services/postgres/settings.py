"""What a stack file may say of PostgreSQL."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem

#: A database's name is also the beginning of its roles' names.
DatabaseName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
ParameterName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")]

#: Derived from the topology: a second opinion about them would break a link.
OWNED = (
    *("archive_command", "archive_mode", "cluster_name", "data_directory", "hba_file", "hot_standby", "ident_file"),
    *("listen_addresses", "max_connections", "port", "primary_conninfo", "restore_command", "shared_preload_libraries"),
    *("ssl", "ssl_ca_file", "ssl_cert_file", "ssl_key_file", "synchronous_standby_names", "unix_socket_directories"),
)

#: Connections that are kept for people, monitoring, replication and backup.
RESERVED_CONNECTIONS = 20


class Database(Base):
    """`services.postgres.databases.<name>`"""

    extensions: tuple[DatabaseName, ...] = ()


class Settings(Base):
    """`services.postgres`"""

    members: int = Field(default=3, ge=1, le=9)
    max_connections: int = Field(default=200, ge=30, le=10_000)
    memory: int | None = Field(default=None, ge=256, description="MiB a member; by default a share of the host's")
    cpus: float | None = Field(default=None, gt=0, description="cores a member; by default the host's")
    databases: dict[DatabaseName, Database] = Field(min_length=1)
    parameters: dict[ParameterName, str | int | float | bool] = {}


def problems(settings: Settings, topology: Topology, _given: frozenset[str]) -> Iterator[Problem]:
    """Parameters that are not the stack file's to set; members that promise what they cannot keep."""
    for name in settings.parameters:
        if name in OWNED:
            remedy = "derived from the topology; remove it"
            yield Problem(f"services.postgres.parameters.{name}", settings.parameters[name], remedy)
    if topology.promise.loss == "none" and settings.members < 2 and not topology.environment.tolerates_one_host:
        remedy = "loss: none needs a second member that has every commit; declare 2 or more, or promise loss: bounded"
        yield Problem("services.postgres.members", settings.members, remedy)
