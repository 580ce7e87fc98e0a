"""A table comes out of the repository as it was at any moment, exactly."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.drills import ALL
from tests.drills.house import House

pytestmark = pytest.mark.live

MOMENTS = 10 if ALL else 3

#: Eight clients, each row a transaction of its own, for some seconds; and a backup in the middle of it.
_LOAD = """begin
sql -c "CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT clock_timestamp())"
echo "INSERT INTO numbered DEFAULT VALUES;" > /tmp/load.sql
/usr/lib/postgresql/17/bin/pgbench -h /var/lib/pg -U postgres -n -f /tmp/load.sql -c 8 -T 6 postgres > /dev/null &
sleep 2
take incr
wait
# A commit after all of them, and in the archive.
sql -c "INSERT INTO t VALUES (800000, 'later')" -c "SELECT pg_switch_wal()" > /dev/null
pgbackrest --stanza=main check > /dev/null
"""


@pytest.fixture(scope="module")
def loaded(place: House) -> Iterator[House]:
    """After a load whose every commit is known by its time."""
    place.run(_LOAD)
    yield place
    place.mend()


def committed(place: House, before: str) -> set[int]:
    """What the database itself had committed before a moment."""
    query = f"SELECT id FROM numbered WHERE pg_xact_commit_timestamp(xmin) < '{before}'"  # noqa: S608  a time
    return {int(line) for line in place.run(f'sql -Atc "{query}"').split()}


def extracted(place: House, *options: str) -> set[int]:
    """The rows of the dump's COPY."""
    code, output = place.container.exec_run(
        ["backup-extract", "--database=postgres", "--table=numbered", *options], demux=True
    )
    printed, told = (bytes(part or b"").decode() for part in output)
    assert code == 0, told
    (rows,) = re.findall(r"^COPY public\.numbered .*?;\n(.*?)^\\\.$", printed, re.MULTILINE | re.DOTALL)
    return {int(line.split("\t")[0]) for line in rows.splitlines()}


@pytest.mark.parametrize("attempt", range(MOMENTS))
def test_a_table_is_what_it_was_at_any_moment_under_load(loaded: House, attempt: int) -> None:
    ends = loaded.run('sql -At --field-separator=, -c "SELECT min(at), max(at) FROM numbered"').strip().split(",")
    first, last = map(datetime.fromisoformat, ends)
    # After the last one the backup in the middle is taken, before it the one before.
    moment = first + (last - first) * random.random()
    expected = committed(loaded, moment.isoformat())
    assert extracted(loaded, f"--time={moment.isoformat()}") == expected, moment
    assert expected or moment - first < timedelta(seconds=0.1)


def test_a_moment_that_the_log_does_not_reach_gives_nothing(loaded: House) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    code, output = loaded.container.exec_run(["backup-extract", "--database=postgres", f"--time={later}"], demux=True)
    assert code == 1
    printed, told = output
    assert not printed
    assert b"recovery ended before configured recovery target was reached" in bytes(told or b"")
    assert not loaded.left() & {"data", "run", "etc", "spool"}


def test_a_database_that_was_not_there_is_named_with_those_that_were(loaded: House) -> None:
    label = loaded.run('basename "$newest"').strip()
    command = ["backup-extract", "--database=nowhere", f"--set={label}"]
    code, output = loaded.container.exec_run(command, demux=True)
    printed, told = output
    assert code == 1
    assert not printed
    assert b"there was no database 'nowhere' then, but: postgres, template1" in bytes(told or b"")
