"""Declared tables, indexes and roles: what is refused at load, and what the provisioning task would do."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from basalt.topology.problem import StackError
from tests.stacks import DATABASE, topology

_FOLDER = Path(__file__).parent.parent.parent.parent / "images" / "postgres" / "provision"


def _program(name: str) -> Any:
    """A module of the task, which imports its neighbours by their bare names."""
    sys.path.insert(0, str(_FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(_FOLDER))


objects, desired = _program("objects"), _program("desired")

OPEN = {
    "name": "orders_open",
    "table": "public.orders",
    "columns": ["customer", "created"],
    "method": "btree",
    "unique": False,
    "where": "status = 'open'",
    "language": None,
}
TABLES = {"public.orders": "r", "public.parts": "p", "private.notes": "r"}


def index(**changes: Any) -> dict[str, Any]:
    return {**OPEN, **changes}


def there_is(comment: str | None, definition: str = "", *, valid: bool = True, building: bool = False) -> Any:
    return objects.Actual(valid, comment, definition, building)


def steps(found: Any) -> list[str]:
    return [step.sql or f"left: {step.left}" for step in found]


def refused(match: str, **database: Any) -> None:
    with pytest.raises(StackError, match=match):
        topology(DATABASE, services__postgres__databases={"shop": database})


def test_a_partial_index_over_two_columns() -> None:
    assert objects.definition(OPEN) == (
        'CREATE INDEX CONCURRENTLY "orders_open" ON "public"."orders" USING btree ("customer", "created") '
        "WHERE status = 'open'"
    )


def test_full_text_is_a_gin_index_over_the_texts_of_a_language() -> None:
    made = objects.definition(index(columns=["title", "note"], language="french", where=None))
    assert made.endswith("USING gin (to_tsvector('french', coalesce(\"title\", '') || ' ' || coalesce(\"note\", '')))")


def test_a_missing_index_is_made_and_marked() -> None:
    made = steps(objects.index_steps([OPEN], {}, TABLES))
    assert made == [objects.definition(OPEN), f'COMMENT ON INDEX "public"."orders_open" IS \'{objects.mark(OPEN)}\'']


def test_an_index_that_is_as_declared_is_left_alone() -> None:
    there = {"public.orders_open": there_is(objects.mark(OPEN), "")}
    assert steps(objects.index_steps([OPEN], there, TABLES)) == []


def test_an_invalid_leftover_is_built_anew() -> None:
    there = {"public.orders_open": there_is(None, valid=False)}
    assert steps(objects.index_steps([OPEN], there, TABLES))[:2] == [
        'DROP INDEX CONCURRENTLY "public"."orders_open"',
        objects.definition(OPEN),
    ]


def test_an_index_that_another_session_builds_is_no_leftover() -> None:
    there = {"public.orders_open": there_is(None, valid=False, building=True)}
    assert steps(objects.index_steps([OPEN], there, TABLES)) == [
        "left: index public.orders_open is being built by another session"
    ]


@pytest.mark.parametrize("comment", [None, "mine", "basalt:0000000000000000"])
def test_an_index_of_that_name_that_is_another_is_named_and_stays(comment: str | None) -> None:
    there = {"public.orders_open": there_is(comment, "CREATE INDEX other")}
    (told,) = steps(objects.index_steps([OPEN], there, TABLES))
    assert told.startswith("left: index public.orders_open differs from what is declared: it is CREATE INDEX other")


def test_an_index_that_is_no_longer_declared_stays_and_those_of_migrations_are_not_spoken_of() -> None:
    there = {"public.old": there_is("basalt:1", "x"), "public.key": there_is(None, "y")}
    assert steps(objects.index_steps([], there, TABLES)) == ["left: index public.old is no longer declared: x"]


def test_an_index_waits_for_its_table() -> None:
    (told,) = steps(objects.index_steps([index(table="public.later")], {}, TABLES))
    assert "there is no table public.later; migrate" in told


def test_a_partitioned_table_is_not_locked() -> None:
    (told,) = steps(objects.index_steps([index(table="public.parts")], {}, TABLES))
    assert told.startswith("left: ")


def test_only_what_differs_of_a_table_is_set() -> None:
    wanted = {"public.orders": {"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_vacuum_threshold": "100"}}
    actual = {"public.orders": {"autovacuum_vacuum_scale_factor": "0.020", "fillfactor": "90"}}
    assert steps(objects.table_steps(wanted, actual)) == [
        'ALTER TABLE "public"."orders" SET (autovacuum_vacuum_threshold = 100)'
    ]


def test_an_autovacuum_that_nobody_declares_is_named() -> None:
    (told,) = steps(objects.table_steps({}, {"public.orders": {"autovacuum_enabled": "off", "fillfactor": "90"}}))
    assert told == "left: table public.orders has what is not declared: autovacuum_enabled = off"


def test_a_role_that_reads_all_and_writes_one_table() -> None:
    database = {"owner": "o", "grants": [{"role": "rep", "read": ["all"], "write": ["public.orders"]}]}
    made = steps(objects.grant_steps(database, TABLES, set(), set()))
    assert made == [
        'GRANT USAGE ON SCHEMA "public" TO "rep"',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON "public"."orders" TO "rep"',
        'GRANT SELECT ON "public"."parts" TO "rep"',
    ]
    assert steps(objects.default_steps(database, set())) == [
        'ALTER DEFAULT PRIVILEGES FOR ROLE "o" IN SCHEMA public GRANT SELECT ON TABLES TO "rep"'
    ]
    assert steps(objects.default_steps(database, {("r", "rep", "SELECT")})) == []


def test_a_right_that_is_not_declared_is_named_and_stays() -> None:
    database = {"owner": "o", "grants": [{"role": "rep", "read": ["public.orders"], "write": []}]}
    actual = {("rep", "public.orders", "SELECT"), ("rep", "public.orders", "DELETE")}
    made = steps(objects.grant_steps(database, TABLES, actual, {("rep", "public")}))
    assert made == ["left: role rep has DELETE on public.orders, which is not declared"]


def test_a_role_that_is_no_longer_declared_is_named() -> None:
    made = steps(objects.stray_roles({"shop_app"}, ["shop"], {"shop_app", "shop_old", "monitor"}))
    assert made == ["left: role shop_old is not declared"]


def test_a_changed_parameter_is_told_with_what_it_takes() -> None:
    patch = {"ttl": 20, "postgresql": {"parameters": {"work_mem": "8MB", "shared_buffers": "1GB", "jit": None}}}
    actual = {"postgresql": {"parameters": {"work_mem": "4MB", "jit": False}}}
    assert list(desired.told(patch, actual, {"shared_buffers"})) == [
        "parameter jit: False -> default (reload)",
        "parameter shared_buffers: default -> 1GB (restart)",
        "parameter work_mem: 4MB -> 8MB (reload)",
        'configuration {"ttl": 20}',
    ]


def test_what_no_server_could_take_is_refused_at_load() -> None:
    refused("only btree", indexes={"a": {"table": "orders", "columns": ["x"], "method": "brin", "unique": True}})
    refused("kept by gin", indexes={"a": {"table": "orders", "columns": ["x"], "method": "gist", "language": "french"}})
    refused("hash takes one", indexes={"a": {"table": "orders", "columns": ["x", "y"], "method": "hash"}})
    refused("one condition", indexes={"a": {"table": "orders", "columns": ["x"], "where": "true; DROP TABLE orders"}})
    refused("scale_factor", tables={"orders": {"autovacuum": {"scale_factor": 101}}})
    refused("scale_factr", tables={"orders": {"autovacuum": {"scale_factr": 1}}})


def test_a_role_needs_rights_and_a_name_of_its_own() -> None:
    refused("list tables under read or write", roles={"reporting": {}})
    refused("every database has a role of that name", roles={"app": {"read": ["all"]}})
    two: dict[str, Any] = {"shop": {"roles": {"eu_app": {"read": ["all"]}}}, "shop_eu": {}}
    with pytest.raises(StackError, match="another database has a role shop_eu_app already"):
        topology(DATABASE, services__postgres__databases=two, services__pgbouncer__pool=5)
