"""A database on a disk that is really full, in a container without a network."""

import json
import secrets
from collections.abc import Iterator

import docker
import pytest
from docker.models.containers import Container

from tests.drills.house import build

pytestmark = pytest.mark.live

_RESERVE = 32

#: The log can go nowhere, as when its archive is gone, until `archive` is there.
_BEGIN = """set -e
/usr/lib/postgresql/17/bin/initdb --pgdata=pgdata --username=postgres --locale=C.UTF-8 --auth=trust > /dev/null
cat >> pgdata/postgresql.conf << END
listen_addresses = ''
unix_socket_directories = '/run/postgresql'
archive_mode = on
archive_command = 'test -e /tmp/archive'
min_wal_size = 32MB
max_wal_size = 64MB
restart_after_crash = off
autovacuum = off
END
postgres-reserve keep
/usr/lib/postgresql/17/bin/pg_ctl --pgdata=pgdata --log=/tmp/log --wait start > /dev/null
psql --quiet -h /run/postgresql -U postgres -c "CREATE TABLE t (id int, v text)"
"""

#: Commits until one fails; prints the last that was acknowledged. It may be the table that finds no room first, which
#: fails a statement; what ends PostgreSQL is its log, which grows by what is in no table.
_FILL = """
last=0
while psql --quiet -h /run/postgresql -U postgres -v ON_ERROR_STOP=1 \\
  -c "INSERT INTO t SELECT $((last + 1)), repeat(md5(g::text), 30) FROM generate_series(1, 2000) g" > /dev/null 2>&1
do last=$((last + 1)); done
echo $last
while psql --quiet -h /run/postgresql -U postgres \\
  -c "SELECT pg_logical_emit_message(true, 'fill', repeat('x', 4000000))" > /dev/null 2>&1
do :; done
while /usr/lib/postgresql/17/bin/pg_ctl --pgdata=pgdata status > /dev/null; do sleep 0.2; done
"""
_START = "/usr/lib/postgresql/17/bin/pg_ctl --pgdata=pgdata --log=/tmp/log --wait --timeout=60 start > /dev/null"
_LAST = 'psql -h /run/postgresql -U postgres -Atc "SELECT max(id), count(*) FROM t"'


@pytest.fixture
def member() -> Iterator[Container]:
    """With a disk of its own, of 256 MiB."""
    container = docker.from_env().containers.run(
        build("postgres"),
        ["sleep", "infinity"],
        name=f"basalt-reserve-{secrets.token_hex(4)}",
        labels={"basalt.lab": "test"},
        environment={"RESERVE_MIB": str(_RESERVE)},
        tmpfs={"/var/lib/postgresql": "size=256m,uid=10001,gid=10001,mode=0700"},
        working_dir="/var/lib/postgresql",
        network_mode="none",
        init=True,
        detach=True,
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def told(member: Container, script: str) -> tuple[int, str]:
    """Code, and what it printed, in its order: the engine would mix two streams."""
    code, output = member.exec_run(["bash", "-c", f"exec 2>&1\n{script}"])
    return int(code or 0), bytes(output).decode(errors="replace")  # type: ignore[arg-type]


def room(member: Container, action: str) -> dict[str, int]:
    """What postgres-reserve tells."""
    code, output = told(member, f"postgres-reserve {action}")
    assert code == 0, output
    found: dict[str, int] = json.loads(output)
    return found


def test_a_full_disk_is_no_dead_end(member: Container) -> None:
    code, output = told(member, _BEGIN)
    assert code == 0, output
    assert room(member, "show")["reserve"] == _RESERVE
    code, printed = told(member, f"timeout 120 bash << 'END'\n{_FILL}END\n")
    assert code == 0, printed
    acknowledged = int(printed)
    assert acknowledged > 1
    assert "No space left on device" in told(member, "cat /tmp/log")[1]
    # Nothing helps but room: it ended, and ends again.
    assert told(member, _START)[0] != 0, told(member, "tail -n 5 /tmp/log")
    assert room(member, "start")["reserve"] == _RESERVE
    assert room(member, "release") == {"reserve": 0, "free": room(member, "show")["free"]}
    code, output = told(member, _START)
    assert code == 0, f"{output}\n{told(member, 'tail -n 20 /tmp/log')[1]}"
    # A start of the member does not take the room back.
    assert room(member, "start")["reserve"] == 0
    # What was acknowledged is there, and of what was refused either all or nothing.
    last, rows = map(int, told(member, _LAST)[1].split("|"))
    assert last in (acknowledged, acknowledged + 1)
    assert rows == last * 2000
    # What filled the disk is mended: the log goes, and the room can be kept again.
    caught_up = "touch /tmp/archive; until ! ls pgdata/pg_wal/archive_status | grep -q ready; do sleep 0.2; done"
    smaller = " -c ".join(["", '"TRUNCATE t"', "CHECKPOINT", '"SELECT pg_switch_wal()"', "CHECKPOINT"])
    settled = f"psql --quiet -h /run/postgresql -U postgres {smaller}"
    code, output = told(member, f"timeout 120 bash -c '{caught_up}'; {settled} > /dev/null")
    assert code == 0, output
    assert room(member, "keep")["reserve"] == _RESERVE


def test_nothing_is_kept_where_little_is_free(member: Container) -> None:
    assert told(member, "dd if=/dev/zero of=fill bs=1M count=160 status=none")[0] == 0
    code, output = told(member, "postgres-reserve keep")
    assert code == 1
    assert output.startswith("less than 128 MiB is free\n")
    assert room(member, "show")["reserve"] == 0
    assert told(member, "rm fill")[0] == 0
    assert room(member, "keep")["reserve"] == _RESERVE
    # One that cannot be had larger stays as it is.
    assert told(member, "RESERVE_MIB=100 postgres-reserve keep")[0] == 1
    assert room(member, "show")["reserve"] == _RESERVE
    assert told(member, "postgres-reserve away")[0] == 2


#: In place of what a file system does that promises room and gives none, and then has none.
_HOLLOW = """mkdir -p /tmp/bin
printf '#!/bin/sh\ntruncate --size 32M "$3"\n' > /tmp/bin/fallocate
printf '#!/bin/sh\necho full >&2; exit 1\n' > /tmp/bin/dd
printf '#!/bin/sh\necho patroni has begun\n' > /tmp/bin/patroni
chmod +x /tmp/bin/*
PATH=/tmp/bin:$PATH """


def test_a_member_starts_whether_room_can_be_kept_or_not(member: Container) -> None:
    assert told(member, f"{_HOLLOW} postgres-reserve keep")[0] == 1
    assert room(member, "show")["reserve"] == 0
    assert told(member, "ls")[1] == ""
    code, output = told(member, f"{_HOLLOW} postgres-member")
    assert code == 0
    assert "no room is kept for a full disk\npatroni has begun\n" in output
