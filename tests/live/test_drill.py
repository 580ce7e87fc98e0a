"""A backup of the stack is green after a restore; tests/drills has what is not well."""

from pathlib import Path
from typing import Any

from tests.live.database import primary
from tests.live.project import Project, execute
from tests.live.prometheus import series
from tests.waiting import until

#: What holds, and what does not, of the application's own database.
TRUE = {"database": "shop", "query": "SELECT count(*) >= 0 FROM orders"}
FALSE = {"database": "shop", "query": "SELECT count(*) < 0 FROM orders"}


def reports(project: Project) -> list[dict[str, Any]]:
    """Of all drills, the newest first."""
    found: list[dict[str, Any]] = project.told("drill", "--list")
    return found


def left(project: Project) -> set[str]:
    """What drills left in their folder, in which others work too."""
    names = execute(project.containers()["backup-scheduler-1"], "ls", "/var/lib/drill").split()
    return {name for name in names if not name.startswith("keep")}


def test_the_first_backup_is_proved_by_itself(project: Project) -> None:
    (first, *_) = until(lambda: reports(project), "the first drill", 300, every=2)[::-1]
    assert (first["which"], first["fault"]) == ("newest", None)
    assert first["label"].endswith("F")


def test_the_newest_is_restored_and_replayed_and_its_rows_are_asked(project: Project) -> None:
    until(lambda: reports(project), "the first drill", 300, every=2)
    before = project.edit(lambda topology: topology["services"]["backup"].update(assertions=[TRUE, FALSE]))
    try:
        project.up()
        _write(project)
        assert project.basalt("drill", check=False).returncode == 1
        told = reports(project)[0]
        assert list(told["seconds"]) == ["catalogue", "repository", "space", "restore", "replay", "structure", "rows"]
        assert told["databases"]["shop"] > 0
        assert told["rows"] == [{**TRUE, "gave": "true"}, {**FALSE, "gave": "false"}]
        assert (told["fault"], FALSE["query"] in told["why"]) == ("rows", True)
        only = {"backup.lock", "backups.prom", "drill.prom", "lock", "reports"}
        until(lambda: left(project) == only, "a folder without a trace", 30)
        query = 'backup_drill_fault{which="newest", fault="rows"} == 1'
        until(lambda: series(project, query), "the fault in Prometheus", 60, every=1)
        # What was proved before stays so.
        assert series(project, 'backup_drill_last_success_timestamp_seconds{which="newest"} > 0')
    finally:
        project.stack_file.write_text(before)
        project.up()
    project.basalt("drill")
    assert reports(project)[0]["fault"] is None


def _write(project: Project) -> None:
    """Log that no backup has."""
    for statement in (
        "CREATE TABLE drilled AS SELECT g FROM generate_series(1, 100000) g",
        "DROP TABLE drilled",
        "SELECT pg_switch_wal()",
    ):
        execute(primary(project), "psql", "-h", "/run/postgresql", "-c", statement)


def test_an_older_one_is_proved_too(project: Project) -> None:
    scheduler = project.containers()["backup-scheduler-1"]
    execute(scheduler, "backup-take", "incr")
    project.basalt("drill", "--older")
    told = reports(project)[0]
    assert (told["which"], told["fault"]) == ("older", None)


def test_a_table_comes_out_of_a_backup_into_a_new_file(project: Project, tmp_path: Path) -> None:
    label = next(report["label"] for report in reports(project) if report["which"] == "newest" and not report["fault"])
    output = tmp_path / "orders.sql"
    command = ["extract", "--database", "shop", "--table", "orders", "--output", str(output), "--set"]
    project.basalt(*command, label)
    assert "CREATE TABLE public.orders (" in output.read_text()
    assert output.stat().st_mode & 0o777 == 0o600
    done = project.basalt(*command, label, check=False)
    assert (done.returncode, "File exists" in done.stdout) == (2, True)
    output.unlink()
    done = project.basalt(*command, "20200101-000000F", check=False)
    assert done.returncode == 1
    assert not output.exists()
