"""A table comes out of the repository as it was at any moment, exactly."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest

from tests.drills import ALL
from tests.drills.house import House

pytestmark = pytest.mark.live

MOMENTS = 10 if ALL else 3

#: Eight clients, each row a transaction of its own, for some seconds; and a backup in the middle of it.
_LOAD = """begin
sql -c "ALTER SYSTEM SET wal_keep_size = '1GB'" -c "SELECT pg_reload_conf()" > /dev/null
sql -Atc "SELECT pg_current_wal_lsn()" > /tmp/began
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
#: Every commit since the load began, in the order of the log. It ends with an error, where nothing is written yet; that
#: none is missing is for who asks.
_COMMITS = """/usr/lib/postgresql/17/bin/pg_waldump --rmgr=Transaction --path="$data/pg_wal" \\
  --start="$(cat /tmp/began)" 2> /dev/null || true
"""


@pytest.fixture(scope="module")
def loaded(place: House) -> Iterator[House]:
    """After a load whose every commit is known by its time."""
    place.run(_LOAD)
    yield place
    place.mend()


def committed(place: House, before: datetime) -> set[int]:
    """What was committed before a moment: all that stands in the log before the first commit that was not. A commit
    takes its time before its place, so another with a later time may stand before it (xact.c,
    RecordTransactionCommit); recovery goes by the places (xlogrecovery.c, recoveryStopsBefore)."""
    rows = dict(line.split("|") for line in place.run('sql -Atc "SELECT xmin, id FROM numbered"').split())
    commits = re.findall(r"tx: +(\d+), .* COMMIT (\S+ \S+) UTC", place.run(_COMMITS))
    assert rows.keys() <= {xid for xid, _ in commits}
    earlier = takewhile(lambda commit: datetime.fromisoformat(f"{commit[1]}+00:00") < before, commits)
    return {int(rows[xid]) for xid, _ in earlier if xid in rows}


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
    expected = committed(loaded, moment)
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
