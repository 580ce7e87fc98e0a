"""One container of the image `backup` with a database and its repository in it, without a network: what a drill sees,
to be damaged at will and mended again."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
from docker.models.containers import Container

from basalt.images import contexts, reference
from basalt.render import render
from basalt.services.backup.settings import S3
from basalt.workload import SecretRef
from tools.setup import base_image

_REPOSITORY, _DATA, _GOOD, DRILL = "/var/lib/pgbackrest", "/var/lib/pg", "/var/lib/good", "/var/lib/drill"
_BIN = "/usr/lib/postgresql/17/bin"

#: A file that is missing is missing the next time too: pgBackRest would look again twice, 15 seconds apart.
AT_ONCE = "job-retry=0\n"
#: Where pgBackRest finds the database.
DATABASE = f"pg1-path={_DATA}/data\npg1-socket-path={_DATA}\npg1-user=postgres\n"
_ASSERTIONS = [{"database": "postgres", "query": "SELECT count(*) > 0 FROM t"}]

#: Turns every bit of the byte in the middle of a file over: also where the file is random, it is another one then.
FLIP = """flip() {
  local middle=$(($(stat -c %s "$1") / 2)) byte
  byte=$(od -An -tu1 -j "$middle" -N 1 "$1")
  printf "\\x$(printf %x "$((byte ^ 255))")" | dd of="$1" bs=1 seek="$middle" conv=notrunc status=none
}"""
#: What scripts may say: `sql` asks the database, `flip` turns a byte in the middle of a file over, `take` takes a
#: backup, `newest` and `full` are folders of backups, `segment N` is the Nth segment of the log (from 1), `begin` and
#: `end` start and stop the database.
_WORDS = f"""set -e
sql() {{ psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 -h {_DATA} -U postgres "$@"; }}
{FLIP}
take() {{ pgbackrest --stanza=main --type="$1" backup > /dev/null; }}
begin() {{ {_BIN}/pg_ctl --pgdata={_DATA}/data --log={_DATA}/log --wait start > /dev/null; }}
end() {{ {_BIN}/pg_ctl --pgdata={_DATA}/data --wait --mode=fast stop > /dev/null; }}
segment() {{ find "$archive" -type f -name '00000001*-*' | sort | sed -n "$1p"; }}
repository={_REPOSITORY} data={_DATA}/data
backups=$repository/backup/main archive=$repository/archive/main
newest=$(find "$backups" -maxdepth 1 -name '2*' 2> /dev/null | sort | tail -n 1)
full=$(find "$backups" -maxdepth 1 -name '2*F' 2> /dev/null | sort | head -n 1)
"""

_PREPARE = f"""
{_BIN}/initdb --pgdata="$data" --username=postgres --data-checksums --locale=C.UTF-8 --auth=trust > /dev/null
cat >> "$data/postgresql.conf" << END
archive_mode = on
archive_command = 'pgbackrest --stanza=main archive-push %p'
unix_socket_directories = '{_DATA}'
listen_addresses = ''
autovacuum = off
track_commit_timestamp = on
END
begin
pgbackrest --stanza=main stanza-create > /dev/null
sql -c "CREATE TABLE t AS SELECT g AS id, md5(g::text) AS v FROM generate_series(1, 50000) g"
sql -c "ALTER TABLE t ADD PRIMARY KEY (id)" -c "CREATE INDEX v ON t (v)"
take full
sql -c "INSERT INTO t SELECT g, md5(g::text) FROM generate_series(50001, 60000) g"
take incr
for first in 60001 61001 62001; do
  sql -c "INSERT INTO t SELECT g, md5(g::text) FROM generate_series($first, $first + 999) g" \\
      -c "SELECT pg_switch_wal()" > /dev/null
done
pgbackrest --stanza=main check > /dev/null
end
mkdir {_GOOD}/data && cp -a "$data" {_GOOD}/data && cp -a "$repository" {_GOOD}/repository
"""  # noqa: S608  no input of anybody's
_MEND = f"""
end 2> /dev/null || true
chmod -R u+rwX "$repository"
find "$repository" {_DATA} -mindepth 1 -delete
cp -a {_GOOD}/repository/. "$repository" && cp -a {_GOOD}/data/. {_DATA}
"""


def configuration(restores: str, own: str = "", s3: S3 | None = None, secret: str = "", processes: int = 1) -> str:
    """What a stack's scheduler reads, with lines of its own after it."""
    given = {"clients": (), "agents": (), "restores": restores, "processes": processes}
    text = render("backup/pgbackrest.conf.j2", stack="lab", s3=s3, **given)
    for name, value in {"backup/cipher": "aKeyThatOpensNothingElse", "backup/cipher-s3": "another"}.items():
        text = text.replace(str(SecretRef(name)), value)
    return (text.replace(str(SecretRef(f"given/{s3.secret}")), secret) if s3 else text) + own


@dataclass(frozen=True)
class House:
    """The container."""

    container: Container

    def run(self, script: str) -> str:
        """What a script prints that may use the words above. AssertionError when it fails."""
        code, output = self.container.exec_run(["bash", "-c", _WORDS + script])
        assert code == 0, f"{script}\nended with {code}: {bytes(output).decode(errors='replace')}"  # type: ignore[arg-type]
        return bytes(output).decode()  # type: ignore[arg-type]

    def drill(self, *options: str) -> dict[str, Any]:
        """Its report. AssertionError when there is none, or when its code does not fit it."""
        (report,) = self.drills(*options)
        return report

    def drills(self, *options: str) -> list[dict[str, Any]]:
        """Those of all repositories."""
        code, output = self.container.exec_run(["backup-drill", "--json", *options], demux=True)
        printed, told = (bytes(part or b"").decode(errors="replace") for part in output)
        assert printed, told
        reports: list[dict[str, Any]] = json.loads(printed)
        assert code == int(any(report["fault"] for report in reports)), reports
        return reports

    def left(self) -> set[str]:
        """What drills left in their folder."""
        return set(self.run(f"ls {DRILL}").split())

    def mend(self) -> None:
        """All is as it was before anything was damaged."""
        self.run(_MEND)
        self.write("drill.conf", configuration(DRILL, AT_ONCE))

    def write(self, name: str, text: str) -> None:
        """A file of its configuration."""
        self.run(f"cat > /etc/basalt/{name} << 'END OF FILE'\n{text}END OF FILE\n")


def build(image: str) -> str:
    """An image of this repository, made here where no `up` has made it."""
    name, client = reference(image), docker.from_env()
    if not client.images.list(name):
        client.images.build(path=str(contexts()[image]), tag=name, buildargs={"BASE": base_image.name()}, rm=True)
    return name


@contextmanager
def house(**options: Any) -> Iterator[House]:
    """With a database, two backups and log after them; removed afterwards."""
    container = docker.from_env().containers.run(
        build("backup"),
        ["sleep", "infinity"],
        name=f"basalt-drills-{secrets.token_hex(4)}",
        labels={"basalt.lab": "test"},
        network_mode="none",
        init=True,
        detach=True,
        **options,
    )
    try:
        made = House(container)
        folders = f"{_DATA} {_GOOD}"
        script = f"mkdir {folders} && chown 10001:10001 {folders} && chmod 700 /etc/basalt"
        container.exec_run(["sh", "-c", script], user="0")
        made.write("pgbackrest.conf", configuration("", DATABASE))
        made.write("drill.conf", configuration(DRILL, AT_ONCE))
        made.write("repositories", "local\n")
        made.write("assertions.json", json.dumps(_ASSERTIONS) + "\n")
        made.run(_PREPARE)
        yield made
    finally:
        container.remove(force=True, v=True)
