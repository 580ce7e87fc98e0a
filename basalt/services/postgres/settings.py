"""What a stack file may say of PostgreSQL."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from basalt.services.postgres import objects
from basalt.services.postgres.extensions import AVAILABLE, SINGLE
from basalt.services.postgres.objects import Identifier, Index, Role, RoleName, Table, TableName
from basalt.services.postgres.parameters import Value, wrong
from basalt.services.postgres.promise import solve
from basalt.services.postgres.tuning import Load, Storage
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem

#: A database's name is also the beginning of its roles' names.
DatabaseName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
ParameterName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")]

#: Connections that are kept for people, migrations, monitoring and provisioning.
RESERVED_CONNECTIONS = 20

#: Databases that PostgreSQL or PgBouncer have already.
_TAKEN = ("pgbouncer", "postgres", "template0", "template1")

_DERIVED = "derived from the topology; remove it"
_DURABLE = "a crash would lose acknowledged commits or the whole cluster; remove it"
_OUTPUT = "the log is the container's output; remove it"
_EXTENSIONS = "follows from databases.<name>.extensions; remove it"

#: Parameters that are not the stack file's to set, and what to do instead. So are all that begin with ssl.
_REFUSED = {
    _DERIVED: """archive_command archive_library archive_mode archive_timeout cluster_name config_file data_directory
        external_pid_file hba_file hot_standby ident_file listen_addresses password_encryption port primary_conninfo
        primary_slot_name restore_command synchronous_standby_names unix_socket_directories wal_log_hints""",
    _DURABLE: "fsync full_page_writes",
    _OUTPUT: "log_destination logging_collector",
    _EXTENSIONS: "cron.database_name shared_preload_libraries",
    "write services.postgres.max_connections": "max_connections",
}
_REMEDIES = {name: remedy for remedy, names in _REFUSED.items() for name in names.split()}


class Database(Base):
    """`services.postgres.databases.<name>`"""

    extensions: tuple[str, ...] = Field(default=(), description="created in it, libraries preloaded where they need it")
    tables: dict[TableName, Table] = Field(default={}, description="what differs for a table that migrations make")
    indexes: dict[Identifier, Index] = Field(default={}, description="made without a lock; none is dropped")
    roles: dict[RoleName, Role] = Field(default={}, description="that log in besides `app`, `migrate`, `readonly`")


class Settings(Base):
    """`services.postgres`"""

    members: int = Field(default=3, ge=1, le=9, description="one leads, the others follow it")
    max_connections: int = Field(default=200, ge=30, le=10_000, description="of one member")
    memory: int | None = Field(default=None, ge=256, description="MiB a member; by default a share of the host's")
    cpus: float | None = Field(default=None, gt=0, description="cores a member; by default the host's")
    workload: Load = Field(default="oltp", description="short transactions, long questions (`olap`), or both")
    storage: Storage = Field(default="ssd", description="what its volume is made of")
    data_gb: int | None = Field(default=None, ge=1, description="GiB of the data's volume, where that is bounded")
    reserve: int = Field(
        default=256, ge=0, description="MiB beside the data of each member, to be given away when full"
    )
    wal_gb: int | None = Field(default=None, ge=1, description="GiB that the write-ahead log may fill")
    databases: dict[DatabaseName, Database] = Field(min_length=1)
    parameters: dict[ParameterName, str | int | float | bool] = Field(default={}, description="PostgreSQL's own names")
    archive: bool | None = Field(default=None, description="the write-ahead log; by default where there is a backup")


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Parameters that are not the stack file's to set; names that are taken; promises that cannot be kept."""
    for name, value in settings.parameters.items():
        remedy = _refusal(name, value, topology)
        if remedy:
            yield Problem(f"services.postgres.parameters.{name}", value, remedy)
    yield from _database_problems(settings)
    if topology.promise.loss == "none" and settings.members < 2 and not topology.environment.tolerates_one_host:
        remedy = "loss: none needs a second member that has every commit; declare 2 or more, or promise loss: bounded"
        yield Problem("services.postgres.members", settings.members, remedy)
    try:
        solve(topology.promise, settings.members)
    except ValueError as error:
        yield Problem("promise.write_outage_seconds", topology.promise.write_outage_seconds, str(error))
    if settings.archive and "backup" not in topology.services:
        yield Problem("services.postgres.archive", settings.archive, "there is nowhere to; declare services.backup")


def _refusal(name: str, value: Value, topology: Topology) -> str | None:
    if name == "ssl" or name.startswith("ssl_"):
        return _DERIVED
    if name == "synchronous_commit" and value not in (True, "on", "remote_apply") and topology.promise.loss == "none":
        return "promise.loss is none; write on or remote_apply, or promise loss: bounded"
    return _REMEDIES.get(name) or wrong(name, value)


def _database_problems(settings: Settings) -> Iterator[Problem]:
    for name, database in settings.databases.items():
        path = f"services.postgres.databases.{name}"
        if name in _TAKEN or name.startswith("pg_"):
            yield Problem(path, name, "PostgreSQL or PgBouncer has a database of that name; choose another")
        if name.endswith("_ro") and name.removesuffix("_ro") in settings.databases:
            remedy = f"PgBouncer calls the replicas of {name.removesuffix('_ro')} so; choose another"
            yield Problem(path, name, remedy)
        yield from objects.problems(path, database.indexes, database.roles)
        yield from _clashing_roles(name, settings)
        for extension in sorted(set(database.extensions) - AVAILABLE):
            remedy = f"not in the image; there are: {', '.join(sorted(AVAILABLE))}"
            yield Problem(f"{path}.extensions", extension, remedy)
    for extension in SINGLE:
        having = [name for name, database in settings.databases.items() if extension in database.extensions]
        if len(having) > 1:
            remedy = f"{extension} serves one database of a cluster; leave it to one of {', '.join(having)}"
            yield Problem(f"services.postgres.databases.{having[1]}.extensions", extension, remedy)


def _clashing_roles(name: str, settings: Settings) -> Iterator[Problem]:
    """`shop` with a role `eu_app` and a database `shop_eu` would mean one role twice."""
    theirs = {
        f"{other}_{purpose}"
        for other, database in settings.databases.items()
        if other != name
        for purpose in ("owner", "migrate", "app", "readonly", *database.roles)
    }
    for role in settings.databases[name].roles:
        if f"{name}_{role}" in theirs:
            remedy = f"another database has a role {name}_{role} already; choose another"
            yield Problem(f"services.postgres.databases.{name}.roles.{role}", role, remedy)
