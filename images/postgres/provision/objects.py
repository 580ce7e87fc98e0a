"""What must change so that a database's tables, indexes and grants are as declared. No I/O.

An index bears the mark of its declaration as its comment: PostgreSQL writes a definition in its own words, and two
texts of one condition cannot be compared. Nothing is dropped but an invalid leftover of CREATE INDEX CONCURRENTLY."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from desired import quote

ALL = "all"
_MARK = "basalt:"
_READ = ("SELECT",)
_WRITE = ("SELECT", "INSERT", "UPDATE", "DELETE")
_THEN = "migrate, then `basalt database apply`"
_ANEW = "drop it, then `basalt database apply`"
#: pg_class.relkind of a partitioned table: its indexes cannot be made without a lock.
_PARTITIONED = "p"

#: (role, schema-qualified table, privilege)
Grant = tuple[str, str, str]


class Actual(NamedTuple):
    """An index as it is. `building`: somebody makes it at this moment."""

    valid: bool
    comment: str | None
    definition: str
    building: bool = False


@dataclass(frozen=True)
class Step:
    """A statement; or, without one, a difference that is left as it is, and why."""

    sql: str = ""
    left: str = ""


def name_of(table: str) -> str:
    """`public.orders` as SQL."""
    return ".".join(quote(part) for part in table.split("."))


def mark(index: dict[str, Any]) -> str:
    """Changes whenever the declaration does."""
    text = json.dumps(index, sort_keys=True)
    return _MARK + hashlib.sha256(text.encode()).hexdigest()[:16]


def definition(index: dict[str, Any], *, concurrently: bool = True) -> str:
    """CREATE INDEX."""
    unique = "UNIQUE " if index["unique"] else ""
    how = "CONCURRENTLY " if concurrently else ""
    method, what = index["method"], ", ".join(quote(column) for column in index["columns"])
    if index["language"]:
        # With the language in it the expression is immutable, as an index asks (manual, 12.2.2); a null is no text.
        texts = " || ' ' || ".join(f"coalesce({quote(column)}, '')" for column in index["columns"])
        method, what = "gin", f"to_tsvector('{index['language']}', {texts})"
    where = f" WHERE {index['where']}" if index["where"] else ""
    return (
        f"CREATE {unique}INDEX {how}{quote(index['name'])} ON {name_of(index['table'])} USING {method} ({what}){where}"
    )


def index_steps(wanted: list[dict[str, Any]], actual: dict[str, Actual], tables: dict[str, str]) -> Iterator[Step]:
    """`actual` and `tables` (its relkind): by schema-qualified name."""
    for index in wanted:
        yield from _index_step(index, actual.get(_full_name(index)), tables.get(index["table"]))
    declared = {_full_name(index) for index in wanted}
    for name, found in sorted(actual.items()):
        if name not in declared and (found.comment or "").startswith(_MARK):
            yield Step(left=f"index {name} is no longer declared: {found.definition}")


def _full_name(index: dict[str, Any]) -> str:
    # An index lives in the schema of its table.
    return f"{index['table'].partition('.')[0]}.{index['name']}"


def _index_step(index: dict[str, Any], found: Actual | None, kind: str | None) -> Iterator[Step]:
    full = _full_name(index)
    comment = f"COMMENT ON INDEX {name_of(full)} IS '{mark(index)}'"
    if kind is None:
        yield Step(left=f"index {full} waits: there is no table {index['table']}; {_THEN}")
    elif kind == _PARTITIONED and found is None:
        yield Step(left=f"index {full} would lock {index['table']}, which is partitioned; make it in a migration")
    elif found is None:
        yield from (Step(definition(index)), Step(comment))
    elif not found.valid and found.building:
        yield Step(left=f"index {full} is being built by another session")
    elif not found.valid and kind != _PARTITIONED:
        yield from (Step(f"DROP INDEX CONCURRENTLY {name_of(full)}"), Step(definition(index)), Step(comment))
    elif found.comment != mark(index):
        yield Step(left=f"index {full} differs from what is declared: it is {found.definition}; {_ANEW}")


def table_steps(wanted: dict[str, dict[str, str]], actual: dict[str, dict[str, str]]) -> Iterator[Step]:
    """Storage parameters. `actual`: every table's, {} where it has none."""
    for table, options in wanted.items():
        if table not in actual:
            yield Step(left=f"table {table} is not there: {_THEN}")
            continue
        changed = {name: value for name, value in options.items() if not _same(actual[table].get(name), value)}
        if changed:
            settings = ", ".join(f"{name} = {value}" for name, value in changed.items())
            yield Step(f"ALTER TABLE {name_of(table)} SET ({settings})")
    for table, options in sorted(actual.items()):
        extra = sorted(name for name in options if name.startswith("autovacuum_") and name not in wanted.get(table, {}))
        if extra:
            told = ", ".join(f"{name} = {options[name]}" for name in extra)
            yield Step(left=f"table {table} has what is not declared: {told}")


def _same(actual: str | None, wanted: str) -> bool:
    return actual is not None and float(actual) == float(wanted)


def grant_steps(
    database: dict[str, Any], tables: dict[str, str], actual: set[Grant], schemas: set[tuple[str, str]]
) -> Iterator[Step]:
    """Privileges of the declared roles on tables that are there. `schemas`: (role, schema) with USAGE."""
    for entry in database["grants"]:
        role, allowed = entry["role"], _allowed(entry, tables)
        missing = sorted({t for t in (*entry["read"], *entry["write"]) if t != ALL and t not in tables})
        for table in missing:
            yield Step(left=f"role {role} waits for its rights: there is no table {table}; {_THEN}")
        for schema in sorted({table.partition(".")[0] for table in allowed}):
            if (role, schema) not in schemas:
                yield Step(f"GRANT USAGE ON SCHEMA {quote(schema)} TO {quote(role)}")
        for table, privileges in sorted(allowed.items()):
            lacking = [privilege for privilege in privileges if (role, table, privilege) not in actual]
            if lacking:
                yield Step(f"GRANT {', '.join(lacking)} ON {name_of(table)} TO {quote(role)}")
        for table, privilege in sorted((t, p) for r, t, p in actual if r == role and p not in allowed.get(t, ())):
            yield Step(left=f"role {role} has {privilege} on {table}, which is not declared")


def _allowed(entry: dict[str, Any], tables: dict[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for names, privileges in ((entry["read"], _READ), (entry["write"], _WRITE)):
        for name in names:
            every = [table for table in tables if table.startswith("public.")] if name == ALL else [name]
            found |= {table: privileges for table in every if table in tables}
    return found


def default_steps(database: dict[str, Any], actual: set[tuple[str, str, str]]) -> Iterator[Step]:
    """A role of all tables has those to come too. `actual`: pg_default_acl, as (kind, role, privilege)."""
    for entry in database["grants"]:
        wanted = _WRITE if ALL in entry["write"] else _READ if ALL in entry["read"] else ()
        lacking = [privilege for privilege in wanted if ("r", entry["role"], privilege) not in actual]
        if lacking:
            grant = f"GRANT {', '.join(lacking)} ON TABLES TO {quote(entry['role'])}"
            yield Step(f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote(database['owner'])} IN SCHEMA public {grant}")


def stray_roles(declared: set[str], databases: list[str], actual: set[str]) -> Iterator[Step]:
    """Roles with a database's name in front that nobody declares any more."""
    for role in sorted(actual - declared):
        if any(role.startswith(f"{name}_") for name in databases):
            yield Step(left=f"role {role} is not declared")
