"""The primary dies or hangs under writers: the fencer proves it dead, writes are taken again in seconds, and nothing
that was acknowledged is lost, nor what is archived of it."""

import pytest
from docker.models.containers import Container

from bench.failover.jitter import trial
from bench.failover.stack import PROBES, cluster, whole
from bench.failover.trial import attempt
from bench.writers import SCHEMA
from tests.live.database import connect
from tests.live.project import Project, execute, freeze
from tests.live.test_backup import pgbackrest, stanza
from tests.waiting import until

#: Seconds; a busy machine is slower than the goal of 3, and `ttl` alone would take 20 or more.
SHORT = 10


@pytest.mark.alone
@pytest.mark.breaks
@pytest.mark.parametrize("fault", ["docker-kill", "kill", "hang"])
def test_writes_go_on_long_before_the_lock_times_out(project: Project, fault: str) -> None:
    whole(project)
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(SCHEMA)
        connection.execute(PROBES)
    found = attempt(project, "fencer", fault, None)
    print(found)
    assert (found["lost"], found["ghosts"], found["overlaps"]) == (0, 0, 0)
    # What the engine starts again at once races the replicas for the lock that the fencer has freed: either may win.
    assert found["moved"] or fault != "docker-kill"
    assert found["outage"] < SHORT


@pytest.mark.alone
@pytest.mark.breaks
def test_a_primary_that_answers_late_is_missed_by_nobody(project: Project) -> None:
    whole(project)
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(SCHEMA)
    found = trial(project, "late")
    assert found["acked"] > 0
    assert (found["failover"], found["fences"], found["failed"], found["lost"]) == (False, 0, 0, 0), found


_READY = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"
_STATUS = "/var/lib/postgresql/pgdata/pg_wal/archive_status"
_SWITCH = ("SELECT pg_logical_emit_message(false, 'test', '')", "SELECT pg_walfile_name(pg_switch_wal())")


def ended(member: Container) -> str:
    """A segment of the log that has just ended."""
    words = [word for statement in _SWITCH for word in ("-c", statement)]
    return execute(member, "psql", "-h", "/run/postgresql", "-At", *words).split()[-1]


def waiting(member: Container) -> str:
    """How many segments wait to be archived."""
    return execute(member, "psql", "-h", "/run/postgresql", "-Atc", _READY).strip()


def missing(project: Project, segments: set[str]) -> set[str]:
    """Those that are not in the repository."""
    names = pgbackrest(project, "--repo=1", "--recurse", "repo-ls", "archive/main").split()
    return segments - {name.rpartition("/")[2][:24] for name in names}


@pytest.mark.breaks
def test_what_the_primary_had_yet_to_archive_is_archived_by_who_takes_over(project: Project) -> None:
    """Each replica takes it for archived: it has received it (images/postgres/bin/postgres-role)."""
    until(lambda: stanza(project)["backup"], "the first backup", 240, every=2)
    former, running = whole(project), project.containers()
    others = [running[one["name"]] for one in cluster(project) if one["name"] != former]
    freeze(running["backup-1"])
    try:
        segments = {ended(running[former]) for _ in range(3)}
        for member in others:
            until(lambda m=member: segments <= {n[:24] for n in execute(m, "ls", _STATUS).split()}, "the log", 30)  # type: ignore[misc]
        running[former].kill()
    finally:
        running["backup-1"].unpause()
    try:
        until(lambda: not missing(project, segments), f"the log of {former}", 120, every=1)
        planned = project.told("restore", "--latest", "--dry-run")
        assert planned["leader"] != former
        # Nothing that it archives again is refused: behind that it would archive nothing any more.
        until(lambda: waiting(running[planned["leader"]]) == "0", "an archiver that has come to its end", 90, every=1)
    finally:
        running[former].start()
        whole(project)
