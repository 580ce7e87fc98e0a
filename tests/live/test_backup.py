"""The repository holds a full backup, takes incrementals and receives the write-ahead log."""

import json
from typing import Any

from tests.live.database import connect, primary
from tests.live.project import Project, execute
from tests.live.prometheus import series
from tests.waiting import until

#: Only the last one of a day, as soon as it is a second old.
SHORT = {"daily": 1, "weekly": 0, "monthly": 0, "floor": "1s"}


def pgbackrest(project: Project, *arguments: str) -> str:
    """A command of the repository host."""
    return execute(project.containers()["backup-scheduler-1"], "pgbackrest", *arguments)


def stanza(project: Project) -> dict[str, Any]:
    """What the repository says of the database."""
    found: list[dict[str, Any]] = json.loads(pgbackrest(project, "info", "--output=json"))
    return found[0] if found else {"backup": []}


def test_the_first_full_backup_is_taken_by_itself(project: Project) -> None:
    kinds = until(lambda: [b["type"] for b in stanza(project)["backup"]], "the first backup", 240, every=2)
    assert kinds[0] == "full"
    assert stanza(project)["cipher"] == "aes-256-cbc"


def test_full_and_incremental_backups_are_scheduled(project: Project) -> None:
    jobs = [job for i in project.plan.site.instances for job in i.workload.jobs if job.schedule != "@reboot"]
    assert {("full" in " ".join(job.command), "incr" in " ".join(job.command)) for job in jobs} >= {
        (True, False),
        (False, True),
    }


def test_an_incremental_backup_follows(project: Project) -> None:
    until(lambda: stanza(project)["backup"], "the first backup", 240, every=2)
    job = next(j for i in project.plan.site.instances for j in i.workload.jobs if "incr" in " ".join(j.command))
    execute(project.containers()["backup-scheduler-1"], *job.command)
    assert stanza(project)["backup"][-1]["type"] == "incr"


def test_each_backup_is_told_with_the_reason_why_it_stays(project: Project) -> None:
    until(lambda: stanza(project)["backup"], "the first backup", 240, every=2)

    def told() -> bool:
        rows: list[dict[str, Any]] = project.told("backups")
        rows = [row for row in rows if row["kind"] == "database"]
        assert {row["label"] for row in rows} == {backup["label"] for backup in stanza(project)["backup"]}
        assert all("younger than 7 days" in row["why"] for row in rows)
        return True

    until(told, "every backup, and why it stays", 60, every=2)


def test_what_is_not_in_the_database_is_kept_by_itself(project: Project) -> None:
    jobs = [" ".join(job.command) for i in project.plan.site.instances for job in i.workload.jobs]
    kinds = {kind for kind in ("redis", "silences") if any(f"--take={kind} " in job for job in jobs)}
    assert kinds

    def kept() -> set[str]:
        rows = project.told("backups")
        return {row["kind"] for row in rows if row["kept"]}

    until(lambda: kinds <= kept(), "the first of each kind", 300, every=2)
    query = 'backup_keepsake_since_timestamp_seconds{kind="redis"} > 0'
    until(lambda: series(project, query), "its age in Prometheus", 60, every=1)
    planned = project.told("restore-redis", "--dry-run")
    assert planned["kind"] == "redis"
    assert planned["member"].startswith("redis-")


def test_what_no_generation_keeps_goes_and_the_log_before_it(project: Project) -> None:
    before = project.edit(lambda topology: topology["services"]["backup"].update(keep=SHORT))
    try:
        project.up()
        execute(project.containers()["backup-scheduler-1"], "backup-take", "full")
        newest = stanza(project)["backup"][-1]
        told = until(lambda: _retained(project), "a moment in which no backup is taken or proved", 60, every=1)
        assert f"{newest['label']} stays" in told
        left = stanza(project)
        # The last full backup of the only day; what was made on top of earlier ones has gone with them.
        assert [backup["label"] for backup in left["backup"]] == [newest["label"]]
        assert left["archive"][0]["min"] == newest["archive"]["start"]
        assert "goes" not in execute(project.containers()["backup-scheduler-1"], "backup-retain", "--dry-run")
    finally:
        project.stack_file.write_text(before)
        project.up()


def _retained(project: Project) -> str:
    """What it says; nothing where it leaves all for the next time."""
    told = execute(project.containers()["backup-scheduler-1"], "backup-retain")
    return "" if "next time" in told else told


def test_the_log_is_archived(project: Project) -> None:
    with connect(project, "haproxy.write", "app") as connection:
        row = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()
    assert row is not None
    before = str(row[0])
    execute(primary(project), "psql", "-h", "/run/postgresql", "-Atc", "SELECT pg_switch_wal()")
    until(lambda: stanza(project)["archive"][0]["max"] >= before, f"segment {before} in the archive", 60, every=1)
