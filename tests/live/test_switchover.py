"""A planned switchover: no statement fails, and whatever dies half-way, nobody is kept waiting for long."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from basalt.operations.switchover.decide import RefusedError, choose
from basalt.operations.switchover.guards import guard
from basalt.operations.switchover.hands import Hand, HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.switch import console as console_of
from bench.writers import SCHEMA, TABLE, Writers, present, settle
from tests.live.database import connect, parameters
from tests.live.project import Project, execute
from tests.waiting import until

pytestmark = [pytest.mark.breaks, pytest.mark.alone]

MEMBERS = ("postgres-1", "postgres-2", "postgres-3")


def leader(project: Project) -> str:
    """Who leads a cluster that could switch over now."""

    def ready() -> str | None:
        try:
            seen = look(project.plan.site)
            return choose(seen, None, 60, synchronous=True).leader if seen.whole else None
        except (HandError, RefusedError):
            return None

    return str(until(ready, "a cluster that can switch over", 120))


@pytest.fixture
def table(project: Project) -> Iterator[None]:
    """Where writers write."""
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(SCHEMA)
    yield
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(f"DROP TABLE {TABLE}")


def application(project: Project) -> dict[str, Any]:
    """The way to the first PgBouncer."""
    return parameters(project, "pgbouncer.sql", "app")


def statistics(project: Project) -> dict[str, Any]:
    """The way to its console, which shows figures there and takes no orders. Found anew it takes seconds."""
    own = {"dbname": "pgbouncer", "user": "stats", "password": project.secret("pgbouncer/stats")}
    return {**application(project), **own}


@pytest.fixture
def holding(project: Project) -> Iterator[Hand]:
    """A guard that holds a pause of the first PgBouncer for eight seconds."""
    statistics(project)
    hand = Hand(project.plan.site, project.plan.site.of("pgbouncer")[0], *guard(8))
    hand.event("ready", seconds=20)
    hand.tell("pause")
    hand.event("paused", seconds=5)
    yield hand
    hand.close()
    hand.wait(20)


@contextmanager
def readers(project: Project, number: int = 2) -> Iterator[list[str]]:
    """Clients that read from replicas all the time; what failed of it."""
    failures: list[str] = []
    stop = threading.Event()

    def read() -> None:
        try:
            with psycopg.connect(autocommit=True, **{**application(project), "dbname": "shop_ro"}) as connection:
                while not stop.wait(0.01):
                    connection.execute("SELECT count(*) FROM pg_class")
        except psycopg.Error as error:
            failures.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield failures
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def unnoticed(project: Project, folder: Path, *command: str) -> None:
    """Neither four writers nor those who read see anything of a command."""
    run = folder.name
    with readers(project) as unread, Writers(folder, run, [application(project)] * 4, pause=0.01) as writers:
        until(lambda: len(writers.rows()) > 100, "writers that write", 30)
        told = project.basalt(*command).stdout
        before = len(writers.rows())
        until(lambda: len(writers.rows()) > before + 100, "writers that go on", 30)
    with connect(project, "haproxy.write", "migrate") as connection:
        account = settle(writers.rows(), present(connection, run))
    assert (account.failed, account.lost, account.ghosts, unread) == (0, 0, 0, []), (account.errors, told)


def served(project: Project) -> bool:
    """Whether a client of the first PgBouncer gets an answer within its patience."""
    try:
        with psycopg.connect(autocommit=True, **application(project)) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def console(project: Project, question: str) -> dict[str, str]:
    """The first two columns of what PgBouncer's console tells."""
    link = statistics(project)
    with psycopg.connect(autocommit=True, cursor_factory=psycopg.ClientCursor, **link) as connection:
        return {str(row[0]): str(row[1]) for row in connection.execute(question.encode())}


def noted(project: Project) -> bool:
    """Whether a pause is noted in the first PgBouncer's container."""
    return _note(project).exists()


def _note(project: Project) -> Path:
    """Where the host sees it: a pause may be over before a command in the container has begun."""
    pid = project.containers()["pgbouncer-1"].attrs["State"]["Pid"]
    return Path(f"/proc/{pid}/root/tmp/pause")


def usual(project: Project) -> bool:
    """Nothing is paused, and clients are refused when they used to be."""
    waits = console(project, "SHOW CONFIG")["query_wait_timeout"]
    return console(project, "SHOW STATE")["paused"] == "no" and waits == "5" and not noted(project)


@contextmanager
def transaction(project: Project) -> Iterator[None]:
    """One that an application forgot."""
    with psycopg.connect(autocommit=True, **application(project)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1")
        yield


@pytest.mark.usefixtures("table")
def test_no_statement_fails_while_the_database_is_handed_over(project: Project, tmp_path: Path) -> None:
    former = leader(project)
    unnoticed(project, tmp_path, "switchover", "--yes")
    assert leader(project) != former
    until(lambda: usual(project), "PgBouncer as it was", 20)


@contextmanager
def declared(project: Project) -> Iterator[Callable[..., None]]:
    """Declares parameters in the stack file; without any it is what it was, as it is at the end."""
    before = project.stack_file.read_text()

    def declare(**parameters: str | int) -> None:
        if not parameters:
            project.stack_file.write_text(before)
            return
        project.edit(lambda topology: topology["services"]["postgres"].update(parameters=parameters))

    try:
        yield declare
    finally:
        if project.stack_file.read_text() != before:
            project.stack_file.write_text(before)
            project.up()


@pytest.mark.usefixtures("table")
def test_up_reloads_where_it_can_and_restarts_unnoticed_where_it_must(project: Project, tmp_path: Path) -> None:
    leader(project)
    started = {name: _started(project, name) for name in MEMBERS}
    with declared(project) as declare:
        declare(log_min_duration_statement="2s")
        told = project.pulumi("preview").stdout
        assert "takes_reload" in told
        assert "takes_restart" not in told
        told = project.basalt("hosts", "tune", "--check").stdout
        assert "parameter log_min_duration_statement: 1s -> 2s (reload)" in told
        assert "changed=0" in told
        project.up()
        until(lambda: _values(project, "log_min_duration_statement") == {"2s"}, "the value on every member", 30)
        assert {name: _started(project, name) for name in MEMBERS} == started

        declare(log_min_duration_statement="2s", max_locks_per_transaction=80)
        told = project.pulumi("preview", "--diff").stdout
        assert re.search(r'takes_restart: \{[^}]*\+ max_locks_per_transaction: "80"', told), told
        unnoticed(project, tmp_path, "up", "--yes")
        assert _values(project, "max_locks_per_transaction") == {"80"}
        assert all(_started(project, name) != before for name, before in started.items())

        # Replicas may not have less of it than their primary (manual, 26.4.1).
        declare()
        unnoticed(project, tmp_path / "lowered", "up", "--yes")
        assert _values(project, "max_locks_per_transaction") == {"64"}


def _values(project: Project, parameter: str) -> set[str]:
    """What the members run with."""
    shown = ("psql", "-h", "/run/postgresql", "-d", "postgres", "-Atc", f"SHOW {parameter}")
    return {execute(project.containers()[name], *shown).strip() for name in MEMBERS}


def _started(project: Project, name: str) -> str:
    query = "SELECT pg_postmaster_start_time()"
    return execute(project.containers()[name], "psql", "-h", "/run/postgresql", "-d", "postgres", "-Atc", query)


def test_an_open_transaction_refuses_and_nothing_is_changed(project: Project) -> None:
    former = leader(project)
    with transaction(project):
        done = project.basalt("switchover", "--yes", "--wait", "0", check=False)
        assert done.returncode == 2
        assert re.search(r"refused: transactions are open for longer than 0 s: .*pid \d+ of shop_app", done.stdout)
    assert leader(project) == former


def test_a_transaction_that_does_not_end_gives_the_pause_up(project: Project) -> None:
    former = leader(project)
    with transaction(project):
        done = project.basalt("switchover", "--yes", "--wait", "600", check=False)
        assert done.returncode == 2, done.stdout
        assert "All are served again. Nothing was changed; open are pid" in done.stdout
        assert served(project)
    assert leader(project) == former


@pytest.mark.usefixtures("holding")
def test_while_a_guard_holds_nobody_is_refused_and_all_are_served_when_its_time_is_over(project: Project) -> None:
    assert console(project, "SHOW STATE")["paused"] == "yes"
    began = time.monotonic()
    assert served(project)
    # Longer than a client waits otherwise.
    assert time.monotonic() - began > 5
    until(lambda: usual(project), "PgBouncer as it was", 20)


def test_a_guard_whose_caller_is_killed_resumes_at_once(project: Project, holding: Hand) -> None:
    assert console(project, "SHOW STATE")["paused"] == "yes"
    os.kill(holding.pid, signal.SIGKILL)
    until(lambda: console(project, "SHOW STATE")["paused"] == "no", "the end of the pause", 3)
    until(lambda: usual(project), "PgBouncer as it was", 20)


@pytest.mark.usefixtures("holding")
def test_the_pause_of_a_guard_that_is_killed_is_ended_by_the_probe(project: Project) -> None:
    processes = project.containers()["pgbouncer-1"].top(ps_args="-eo pid,args")["Processes"]
    (pid,) = [int(pid) for pid, command in processes if "guard hold" in command]
    os.kill(pid, signal.SIGKILL)
    assert console(project, "SHOW STATE")["paused"] == "yes"
    until(lambda: usual(project), "PgBouncer as it was", 40)


def test_a_switchover_that_is_killed_half_way_keeps_nobody_waiting(project: Project) -> None:
    leader(project)
    statistics(project)
    note = _note(project)
    process = project.start("python3", "-m", "basalt", "switchover", "--yes", "--stack", project.stack)
    until(lambda: note.exists() or process.poll() is not None, "the pause", 60, every=0.001)
    over = process.poll()
    process.kill()
    told = process.communicate()
    assert over is None, f"the switchover was over before its pause was seen: {told}"
    until(lambda: console(project, "SHOW STATE")["paused"] == "no", "the end of the pause", 12)
    until(lambda: served(project), "an answer", 30)
    leader(project)


def test_a_haproxy_that_is_older_than_the_command_is_told_before_anything_is_changed(project: Project) -> None:
    site = project.plan.site
    hand = Hand(site, site.of("haproxy")[0], *console_of("postgres-9"))
    with pytest.raises(HandError, match=r"haproxy-1: No such server\. What runs is older .*: basalt up first"):
        hand.event("ready", seconds=20)
    hand.close()
    hand.wait(20)


def test_a_dry_run_names_both_and_changes_nothing(project: Project) -> None:
    former = leader(project)
    assert project.told("switchover", "--dry-run")["leader"] == former
    assert leader(project) == former
