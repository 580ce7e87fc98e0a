"""What a stack file may say of a database's tables, indexes and roles. Tables are made by migrations, not from here."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from basalt.topology.model import Settings as Base
from basalt.topology.problem import Problem

Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
#: Without a schema it is in `public`.
TableName = Annotated[str, Field(pattern=r"^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$")]
#: Of a role, behind the database's name.
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,20}$")]
Share = Annotated[float, Field(ge=0, le=100)]

#: Every table of the schema `public`, those to come included.
ALL = "all"
#: Suffixes of the roles that every database has.
_TAKEN = ("app", "migrate", "owner", "readonly")


class Autovacuum(Base):
    """`tables.<table>.autovacuum`: in place of the cluster's (manual, "Storage Parameters" of CREATE TABLE)."""

    scale_factor: Share | None = Field(default=None, description="share of the rows that is dead before a vacuum")
    insert_scale_factor: Share | None = Field(default=None, description="the same for rows that are new")
    analyze_scale_factor: Share | None = Field(default=None, description="share that changed before statistics")
    threshold: int | None = Field(
        default=None, ge=0, le=2147483647, description="dead rows that are added to the share"
    )
    cost_limit: int | None = Field(default=None, ge=1, le=10_000, description="work between two pauses")


class Table(Base):
    """`services.postgres.databases.<name>.tables.<table>`"""

    autovacuum: Autovacuum = Field(default=Autovacuum(), description="what differs for it")


class Index(Base):
    """`services.postgres.databases.<name>.indexes.<index>`"""

    table: TableName = Field(description="on which it is, with its schema where that is not `public`")
    columns: tuple[Identifier, ...] = Field(min_length=1, max_length=32, description="in their order")
    method: Literal["btree", "hash", "gin", "gist", "brin"] = Field(default="btree", description="how it is kept")
    unique: bool = Field(default=False, description="no two rows alike")
    where: str | None = Field(default=None, min_length=1, description="SQL: only rows for which it holds")
    language: Identifier | None = Field(default=None, description="full text over the columns, for instance french")


class Role(Base):
    """`services.postgres.databases.<name>.roles.<role>`: logs in as `<name>_<role>`, past the pooler."""

    read: tuple[TableName, ...] = Field(default=(), description="tables, or `all` of the schema public")
    write: tuple[TableName, ...] = Field(default=(), description="the same; who writes reads too")


def autovacuum_options(found: Autovacuum) -> dict[str, str]:
    """Storage parameters by PostgreSQL's names."""
    names = {
        "scale_factor": "autovacuum_vacuum_scale_factor",
        "insert_scale_factor": "autovacuum_vacuum_insert_scale_factor",
        "analyze_scale_factor": "autovacuum_analyze_scale_factor",
        "threshold": "autovacuum_vacuum_threshold",
        "cost_limit": "autovacuum_vacuum_cost_limit",
    }
    values = {option: getattr(found, name) for name, option in names.items()}
    return {option: f"{value:g}" for option, value in values.items() if value is not None}


def qualified(table: str) -> str:
    """`orders` -> `public.orders`."""
    return table if "." in table else f"public.{table}"


def desired(tables: dict[str, Table], indexes: dict[str, Index], prefix: str, roles: dict[str, Role]) -> dict[str, Any]:
    """As the provisioning task takes them."""
    options = {qualified(name): autovacuum_options(table.autovacuum) for name, table in tables.items()}
    return {
        "tables": {name: found for name, found in options.items() if found},
        "indexes": [
            {**index.model_dump(mode="json"), "name": name, "table": qualified(index.table)}
            for name, index in indexes.items()
        ],
        "grants": [
            {"role": f"{prefix}_{name}", "read": _tables(role.read), "write": _tables(role.write)}
            for name, role in roles.items()
        ],
    }


def _tables(names: tuple[str, ...]) -> list[str]:
    return [name if name == ALL else qualified(name) for name in names]


def problems(path: str, indexes: dict[str, Index], roles: dict[str, Role]) -> Iterator[Problem]:
    """Declarations that no server could take."""
    for name, index in indexes.items():
        for key, remedy in _index_faults(index):
            yield Problem(f"{path}.indexes.{name}.{key}", getattr(index, key), remedy)
    for name, role in roles.items():
        if name in _TAKEN:
            yield Problem(f"{path}.roles.{name}", name, "every database has a role of that name; choose another")
        if not (role.read or role.write):
            yield Problem(f"{path}.roles.{name}", name, "it may do nothing; list tables under read or write")


def _index_faults(index: Index) -> Iterator[tuple[str, str]]:
    """(key, remedy)"""
    if index.language and index.method not in ("btree", "gin"):
        yield "method", "full text is kept by gin; remove it"
    if index.unique and (index.language or index.method != "btree"):
        yield "unique", "only btree tells that no two rows are alike; remove it"
    if index.method == "hash" and len(index.columns) > 1:
        yield "columns", "hash takes one column; choose btree"
    if index.where and any(sign in index.where for sign in (";", "--", "/*")):
        yield "where", "write one condition, without ; or a comment"
