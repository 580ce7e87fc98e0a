"""The roles and databases of a stack, as the provisioning task takes them. Each right goes to one purpose."""

from collections.abc import Collection, Iterator
from typing import Any

from basalt.services.postgres import objects
from basalt.services.postgres.settings import Database

#: Login roles of a database, by purpose; the role's name is `<database>_<purpose>`.
PURPOSES = ("migrate", "app", "readonly")

#: Login roles of the cluster, with their secrets. Patroni makes the first two with the cluster; all three change their
#: passwords by provisioning.
CLUSTER = {"replicator": "postgres/replication", "rewind": "postgres/rewind", "monitor": "postgres/monitor"}

#: Reads everything where logical dumps are kept (services.backup.keepsakes). Made only then; where none are kept any
#: more it stays, but pg_hba.conf lets it in no more.
DUMP = "dump"
_DUMPS = {DUMP: "postgres/dump"}


def secret_of(database: str, purpose: str) -> str:
    """The name of a role's password."""
    return f"postgres/{database}/{purpose}"


def purposes(database: Database) -> tuple[str, ...]:
    """Of all roles of a database that log in."""
    return (*PURPOSES, *database.roles)


def passwords(databases: dict[str, Database], dumped: Collection[str] = ()) -> dict[str, str]:
    """Role -> name of its secret, for every role that logs in by password. `dumped`: databases of which logical dumps
    are kept."""
    own = {
        f"{name}_{purpose}": secret_of(name, purpose)
        for name, database in databases.items()
        for purpose in purposes(database)
    }
    return CLUSTER | (_DUMPS if dumped else {}) | own


def desired_roles(databases: dict[str, Database], folder: str, dumped: Collection[str] = ()) -> list[dict[str, Any]]:
    """Roles in an order in which each finds those that it is a member of. `password_file`: in `folder`, where the
    secret's name leads."""
    owners: list[dict[str, Any]] = [{"name": f"{name}_owner"} for name in databases]
    groups = {f"{name}_migrate": [f"{name}_owner"] for name in databases}
    groups |= {"monitor": ["pg_monitor"], DUMP: ["pg_read_all_data"]}
    return owners + [
        {
            "name": role,
            "member_of": groups.get(role, []),
            "password_file": f"{folder}/{secret}",
            # What a policy hides from it would be missing from the dump: pg_dump refuses that.
            **({"bypasses_policies": True} if role == DUMP else {}),
        }
        for role, secret in passwords(databases, dumped).items()
    ]


def desired_databases(databases: dict[str, Database], dumped: Collection[str] = ()) -> list[dict[str, Any]]:
    """Databases with the roles that use them."""
    return [
        {
            "name": name,
            "owner": f"{name}_owner",
            "migrate": f"{name}_migrate",
            "app": f"{name}_app",
            "readonly": f"{name}_readonly",
            "extensions": sorted(declared.extensions),
            **({"connects": [DUMP]} if name in dumped else {}),
            **objects.desired(declared.tables, declared.indexes, name, declared.roles),
        }
        for name, declared in databases.items()
    ]


def admissions(databases: dict[str, Database], dumped: Collection[str] = ()) -> Iterator[str]:
    """Lines of pg_hba.conf: who may come over the network, how.

    The superuser has no password that could be lost or guessed: it is let in by the certificate of the provisioning
    task alone (pg_ident.conf), and by the socket inside a member's container."""
    yield "hostnossl all all all reject"
    yield "local all postgres peer"
    yield "local replication replicator scram-sha-256"
    yield "hostssl all postgres all cert map=provision"
    yield "hostssl replication replicator all scram-sha-256"
    yield "hostssl postgres rewind all scram-sha-256"
    yield "hostssl all monitor all scram-sha-256"
    for name, database in databases.items():
        users = ",".join(f"{name}_{purpose}" for purpose in purposes(database))
        yield f"hostssl {name} {users} all scram-sha-256"
    for name in dumped:
        yield f"hostssl {name} {DUMP} all scram-sha-256"
    yield "hostssl all all all reject"
