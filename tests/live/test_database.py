"""The database is what the stack file declares: differences are told, what is missing is made, nothing is dropped."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.database import primary
from tests.live.project import Project, execute
from tests.live.test_switchover import leader as whole
from tests.waiting import until

# Two of the extensions are loaded at a start only, so members are restarted.
pytestmark = pytest.mark.breaks

EXTENSIONS = ("pg_cron", "pg_partman", "pg_repack", "pg_stat_statements", "pgaudit")
_TABLES = """
    CREATE TABLE declared_probe (id bigint PRIMARY KEY, customer text, status text, created timestamptz);
    CREATE TABLE declared_parts (created timestamptz NOT NULL, body text) PARTITION BY RANGE (created)"""
_CREATED = '+ CREATE INDEX CONCURRENTLY "declared_probe_open"'
_NO_LOGIN = "left: role shop_probe cannot log in yet; `basalt up` gives it its password"


def asked(project: Project, statement: str, database: str = "shop") -> str:
    """What the primary answers the superuser, who is let in inside its container alone."""
    options = ("-h", "/run/postgresql", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc")
    return execute(primary(project), "psql", *options, statement).strip()


def by_hand(project: Project, statement: str) -> None:
    """As the owner of the tables, whom migrations act as."""
    asked(project, f"SET ROLE shop_owner; {statement}")


def compared(project: Project) -> tuple[int, list[str]]:
    """The exit code of `basalt database diff`, and its lines."""
    done = project.basalt("database", "diff", check=False)
    assert done.returncode in (0, 2), done.stdout
    return done.returncode, done.stdout.splitlines()


def apply(project: Project) -> str:
    """`basalt database apply`"""
    return project.basalt("database", "apply").stdout


def restart(project: Project) -> None:
    """`basalt restart`, which also does what waited for it."""
    whole(project)
    project.basalt("restart", "--yes")


def declare(topology: dict[str, Any]) -> None:
    """An index, a table's own autovacuum, a role that reads one table, extensions with a package of their own."""
    shop = topology["services"]["postgres"]["databases"]["shop"]
    shop["extensions"] = list(EXTENSIONS)
    shop["tables"] = {"declared_probe": {"autovacuum": {"scale_factor": 0.02}}}
    shop["indexes"] = {
        "declared_probe_open": {
            "table": "declared_probe",
            "columns": ["customer", "created"],
            "where": "status = 'open'",
        }
    }
    shop["roles"] = {"probe": {"read": ["declared_probe"]}}


def _undo(project: Project, extensions: set[str]) -> None:
    names = ", ".join(sorted(extensions))
    asked(project, f"DROP EXTENSION IF EXISTS {names} CASCADE; DROP TABLE IF EXISTS declared_probe, declared_parts")
    if asked(project, "SELECT count(*) FROM pg_roles WHERE rolname = 'shop_probe'") == "1":
        asked(project, "DROP OWNED BY shop_probe; DROP ROLE shop_probe")
    apply(project)
    restart(project)
    assert compared(project) == (0, ["nothing to change"])


@pytest.fixture(scope="module")
def told(project: Project) -> Iterator[list[str]]:
    """What was told before the declaration was applied; it has been."""
    extensions = asked(project, "SELECT extname FROM pg_extension")
    by_hand(project, _TABLES)
    before = project.edit(declare)
    try:
        code, lines = compared(project)
        assert code == 2
        assert "left: extension pg_cron waits for the restart that loads its library" in apply(project)
        restart(project)
        yield lines
    finally:
        project.stack_file.write_text(before)
        _undo(project, set(EXTENSIONS) - set(extensions.split("\n")))


def test_what_is_declared_and_missing_is_told(told: list[str]) -> None:
    text = "\n".join(told)
    assert _CREATED in text
    assert '+ ALTER TABLE "public"."declared_probe" SET (autovacuum_vacuum_scale_factor = 0.02)' in told
    assert {
        '+ CREATE ROLE "shop_probe"',
        '+ GRANT SELECT ON "public"."declared_probe" TO "shop_probe"',
        _NO_LOGIN,
    } <= set(told)
    assert {f'+ CREATE EXTENSION "{name}" CASCADE' for name in ("pg_cron", "pgaudit", "pg_repack")} <= set(told)
    assert re.search(r"^\+ parameter shared_preload_libraries: .*pg_cron,pgaudit \(restart\)$", text, re.MULTILINE)


@pytest.mark.usefixtures("told")
def test_after_it_was_applied_only_the_login_is_missing(project: Project) -> None:
    assert compared(project) == (2, [_NO_LOGIN, "nothing to change"])
    assert "WHERE (status = 'open'::text)" in asked(project, "SELECT pg_get_indexdef('declared_probe_open'::regclass)")
    assert (
        asked(project, "SELECT reloptions FROM pg_class WHERE relname = 'declared_probe'").count("scale_factor=0.02")
        == 1
    )


@pytest.mark.usefixtures("told")
def test_a_declared_role_reads_its_table_and_nothing_else(project: Project) -> None:
    granted = """SELECT string_agg(relname || ' ' || privilege, ',' ORDER BY 1)
        FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege
        WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
        AND relname NOT IN (SELECT relname FROM pg_class JOIN pg_depend ON objid = pg_class.oid AND deptype = 'e')
        AND has_table_privilege('shop_probe', pg_class.oid, privilege)"""
    assert asked(project, granted.replace("\n", " ")) == "declared_probe SELECT"


@pytest.mark.usefixtures("told")
def test_an_index_that_somebody_drops_is_told_and_made_again(project: Project) -> None:
    by_hand(project, "DROP INDEX declared_probe_open")
    code, lines = compared(project)
    assert code == 2
    assert any(line.startswith(_CREATED) for line in lines)
    assert 'CREATE INDEX CONCURRENTLY "declared_probe_open"' in apply(project)
    assert compared(project)[1] == [_NO_LOGIN, "nothing to change"]


@pytest.mark.usefixtures("told")
def test_another_index_in_its_place_is_told_and_left(project: Project) -> None:
    by_hand(project, "DROP INDEX declared_probe_open")
    by_hand(project, "CREATE INDEX declared_probe_open ON declared_probe (status)")
    differs = "left: index public.declared_probe_open differs from what is declared: it is CREATE INDEX"
    assert differs in apply(project)
    assert asked(project, "SELECT pg_get_indexdef('declared_probe_open'::regclass)").endswith("(status)")
    by_hand(project, "DROP INDEX declared_probe_open")
    apply(project)


@pytest.mark.usefixtures("told")
def test_a_strangers_index_and_privilege_stay(project: Project) -> None:
    by_hand(
        project,
        "CREATE INDEX declared_stranger ON declared_probe (status); GRANT DELETE ON declared_probe TO shop_probe",
    )
    left = "left: role shop_probe has DELETE on public.declared_probe, which is not declared"
    # Migrations make indexes too, so one that does not bear the mark of a declaration is nobody's difference.
    assert left in apply(project)
    assert asked(project, "SELECT has_table_privilege('shop_probe', 'declared_probe', 'DELETE')") == "t"
    assert asked(project, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'declared_stranger'::regclass") == "t"
    by_hand(project, "DROP INDEX declared_stranger; REVOKE DELETE ON declared_probe FROM shop_probe")


@pytest.mark.usefixtures("told")
def test_what_is_no_longer_declared_is_told_and_left(project: Project) -> None:
    before = project.edit(lambda topology: topology["services"]["postgres"]["databases"]["shop"].pop("indexes"))
    try:
        assert "left: index public.declared_probe_open is no longer declared" in apply(project)
    finally:
        project.stack_file.write_text(before)
    assert asked(project, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'declared_probe_open'::regclass") == "t"


@pytest.mark.usefixtures("told")
def test_statements_are_counted(project: Project) -> None:
    asked(project, "SELECT count(*) FROM declared_probe")
    assert int(asked(project, "SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE '%declared_probe%'")) > 0


@pytest.mark.usefixtures("told")
def test_a_job_of_pg_cron_runs(project: Project) -> None:
    insert = "INSERT INTO declared_probe SELECT count(*), ''cron'', ''done'', now() FROM declared_probe"
    asked(project, f"SELECT cron.schedule('probe', '1 seconds', '{insert}')")
    until(lambda: asked(project, "SELECT count(*) FROM declared_probe WHERE customer = 'cron'") != "0", "a row", 20)
    asked(project, "SELECT cron.unschedule('probe')")


@pytest.mark.usefixtures("told")
def test_pg_partman_makes_partitions_ahead(project: Project) -> None:
    asked(project, "SELECT create_parent('public.declared_parts', 'created', '1 month')")
    asked(project, "INSERT INTO declared_parts VALUES (now() + interval '2 months')")
    assert asked(project, "SELECT count(*) FROM declared_parts_default") == "0"
    asked(project, "DROP TABLE template_public_declared_parts")


@pytest.mark.usefixtures("told")
def test_pgaudit_writes_down_who_changes_the_schema(project: Project) -> None:
    by_hand(project, "COMMENT ON TABLE declared_probe IS 'audited'")
    line = "AUDIT: SESSION,1,1,DDL,COMMENT,TABLE"
    until(lambda: line in primary(project).logs(tail=200).decode(), "the line of the audit", 10)


@pytest.mark.usefixtures("told")
def test_pg_repack_writes_a_table_anew(project: Project) -> None:
    node = "SELECT relfilenode FROM pg_class WHERE relname = 'declared_probe'"
    before = asked(project, node)
    execute(primary(project), "pg_repack", "-h", "/run/postgresql", "-d", "shop", "-t", "public.declared_probe")
    assert asked(project, node) != before
