"""The roles and databases of a stack, as `basalt-provision` takes them. Each right goes to one purpose."""

from collections.abc import Iterator
from typing import Any

from basalt.services.postgres.settings import Database

#: Login roles of a database, by purpose; the role's name is `<database>_<purpose>`.
PURPOSES = ("migrate", "app", "readonly")


def secret_of(database: str, purpose: str) -> str:
    """The name of a role's password."""
    return f"postgres/{database.replace('_', '-')}/{purpose}"


def password_file(role: str) -> str:
    """Where the provisioning task finds a role's password, below the folder of files."""
    return f"secrets/{role}"


def passwords(databases: dict[str, Database]) -> Iterator[tuple[str, str]]:
    """(role, name of its secret) for every role that logs in, but the members' own."""
    yield "monitor", "postgres/monitor"
    for database in databases:
        for purpose in PURPOSES:
            yield f"{database}_{purpose}", secret_of(database, purpose)


def desired_roles(databases: dict[str, Database]) -> list[dict[str, Any]]:
    """Roles in an order in which each finds those that it is a member of."""
    found: list[dict[str, Any]] = [{"name": f"{name}_owner", "member_of": []} for name in databases]
    member_of = {"monitor": ["pg_monitor"], **{f"{name}_migrate": [f"{name}_owner"] for name in databases}}
    return found + [
        {"name": role, "member_of": member_of.get(role, []), "password_file": f"/etc/basalt/{password_file(role)}"}
        for role, _ in passwords(databases)
    ]


def desired_databases(databases: dict[str, Database]) -> list[dict[str, Any]]:
    """Databases with the roles that use them."""
    return [
        {
            "name": name,
            "owner": f"{name}_owner",
            "migrate": f"{name}_migrate",
            "app": f"{name}_app",
            "readonly": f"{name}_readonly",
            "extensions": sorted(declared.extensions),
        }
        for name, declared in databases.items()
    ]
