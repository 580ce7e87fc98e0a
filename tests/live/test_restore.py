"""The whole database becomes what it was at a moment, under writers; it can be taken back, and goes on when whoever
began it has died."""

import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.view import View
from bench.writers import SCHEMA, TABLE, Row, Writers, present
from tests.live.database import connect, parameters
from tests.live.project import Project
from tests.live.test_backup import stanza
from tests.waiting import until

pytestmark = pytest.mark.breaks

#: Of moments; more on demand.
ROUNDS = int(os.environ.get("BASALT_TEST_RESTORES", "1"))
RUN = "restore"


@pytest.fixture(scope="module", autouse=True)
def table(project: Project) -> Iterator[None]:
    """Where writers write; there before the first moment."""
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(SCHEMA)
    yield
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(f"DROP TABLE {TABLE}")


def whole(project: Project) -> View:
    """All three, as they are when all follow."""

    def seen() -> View | None:
        try:
            found = look(project.plan.site)
        except HandError:
            return None
        return found if found.whole and len(found.members) == 3 else None

    found = until(seen, "a whole cluster", 120)
    assert found is not None
    return found


def timeline(project: Project) -> int:
    """Of the leader."""
    leader = whole(project).leader
    assert leader is not None
    return leader.timeline


def there(project: Project) -> set[tuple[int, int]]:
    """The rows, when the way to the database is open again."""

    def ask() -> list[set[tuple[int, int]]]:
        try:
            with connect(project, "pgbouncer.sql", "app") as connection:
                return [present(connection, RUN)]
        except psycopg.OperationalError:
            return []

    return until(ask, "the rows", 60)[0]


def written(project: Project, folder: Path, seconds: float) -> tuple[list[Row], datetime, float, float]:
    """Rows of eight writers, and a moment among them: by the calendar, and two times of the rows' own clock, between
    which it is."""
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(f"TRUNCATE {TABLE}")
    with Writers(folder, RUN, [dict(parameters(project, "pgbouncer.sql", "app"))] * 8, pause=0.01) as writers:
        until(lambda: len({row.client for row in writers.rows()}) == 8, "writers", 30)
        time.sleep(random.uniform(0.2, seconds))  # a moment of chance, not a condition
        before, moment, after = time.monotonic(), datetime.now(UTC), time.monotonic()
        until(lambda: any(row.sent > after + 1 for row in writers.rows()), "rows after it", 30)
    return writers.rows(), moment, before, after


def restore(project: Project, *options: str, check: bool = True) -> Any:
    """`basalt restore`"""
    return project.basalt("restore", *options, check=check)


def test_the_plan_tells_and_touches_nothing(project: Project) -> None:
    before = timeline(project)
    until(lambda: stanza(project)["backup"], "the first backup", 240, every=2)
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    told = restore(project, "--time", now, "--dry-run").stdout
    assert "is restored on postgres-" in told
    assert "lost to the database is all that was committed later" in told
    planned = project.told("restore", "--latest", "--dry-run")
    assert "--type=default" in planned["options"]
    assert timeline(project) == before


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--time", "2020-01-01 00:00:00", "--yes"), 1, "no backup ended before that"),
        (("--set", "20200101-000000F", "--yes"), 1, "holds no 20200101-000000F"),
        (("--lsn", "FF/0", "--yes"), 1, "so much log is not archived"),
        (("--latest", "--timeline", "99", "--yes"), 1, "nothing of timeline 99 is archived"),
        (("--name", "point", "--yes"), 1, "name a backup before it with --set"),
        (("--latest",), 1, "Write the stack's name"),  # and nobody does
        (("--latest", "--time", "2026-01-01 00:00:00"), 2, "say until when"),
        ((), 2, "say until when"),
    ],
)
def test_what_cannot_be_or_is_not_wanted_touches_nothing(
    project: Project, options: tuple[str, ...], code: int, says: str
) -> None:
    before = timeline(project)
    done = restore(project, *options, check=False)
    assert (done.returncode, says in done.stdout) == (code, True), done.stdout
    assert timeline(project) == before


@pytest.mark.parametrize("number", range(ROUNDS))
def test_the_database_is_what_it_was_at_a_moment_and_what_it_was_before(
    project: Project, tmp_path: Path, number: int
) -> None:
    rows, moment, earliest, latest = written(project, tmp_path, 4)
    everything, before = there(project), timeline(project)
    report = project.told("restore", "--time", f"{moment:%Y-%m-%d %H:%M:%S.%f}", "--yes")
    print(f"{number}: {report}")
    found = there(project)
    # What a client was told before the moment is there, what it sent after it is not; the rest was under way.
    assert {(row.client, row.seq) for row in rows if row.outcome == "acked" and row.answered < earliest} <= found
    assert not {(row.client, row.seq) for row in rows if row.sent > latest} & found
    for client in range(8):
        own = sorted(seq for who, seq in found if who == client)
        assert own == list(range(1, len(own) + 1)), client
    assert timeline(project) == before + 1
    # Of the timeline that goes on, and so are the drills.
    backup = stanza(project)["backup"][-1]
    assert backup["archive"]["stop"][:8] == f"{before + 1:08X}"
    project.basalt("drill")
    # While members stop; and while one is restored.
    _killed_when_it_says(project, "are stopped")
    _killed_when_it_says(project, ": start")
    restore(project, "--latest", "--timeline", str(before), "--yes")
    assert there(project) == everything
    # The order of the one that was killed may have been carried out meanwhile.
    assert timeline(project) > before + 1
    # What was left behind is replayed along its own timeline.
    project.basalt("drill", "--set", backup["label"])


def test_an_end_that_is_not_there_stops_all_and_says_the_way_back(project: Project, tmp_path: Path) -> None:
    written(project, tmp_path, 1)
    everything = there(project)
    label = stanza(project)["backup"][-1]["label"]
    done = restore(project, "--name", "nowhere", "--set", label, "--yes", check=False)
    assert done.returncode == 1
    assert "recovery ended before configured recovery target was reached" in done.stdout
    members = {"postgres-1", "postgres-2", "postgres-3"}
    assert {c.status for name, c in project.containers().items() if name in members} == {"exited"}
    (way,) = re.findall("Back to its end: basalt (.*)", done.stdout)
    project.run(sys.executable, "-m", "basalt", *way.split(), "--yes")
    assert there(project) == everything


def _killed_when_it_says(project: Project, words: str) -> None:
    """Begun to another end than the one that follows."""
    command = [sys.executable, "-m", "basalt", "restore", "--latest", "--yes", "--stack", project.stack]
    said = ""
    with project.start(*command) as begun:
        for line in begun.stdout or ():
            said += line
            if words in line:
                begun.kill()
    assert begun.returncode == -signal.SIGKILL, said
