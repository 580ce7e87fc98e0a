"""A PostgreSQL that lives for one drill: reachable by its owner through a socket alone, without the parameters of the
cluster that it is a copy of. It archives nothing, runs no job of pg_cron, follows no subscription and asks nobody."""

import fcntl
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psycopg

FOLDER = Path("/var/lib/drill")
STANZA = "main"
CONFIG = "/etc/basalt/drill.conf"
_LOOK = 0.2  # seconds between two looks at whether it serves
_LONGEST = 24 * 3600.0  # seconds that one program may take; the lock that keeps retention waiting is not held for ever
#: Beside the data: log, and what a promotion writes.
_MARGIN = 1 << 30

#: On its command line, which wins over what comes with the backup (postgresql.auto.conf). Nobody reads during the
#: replay, so the limits of the primary need not be kept (`hot_standby`); what a crash would lose is thrown away anyway.
_PARAMETERS = {
    "archive_mode": "off",
    "autovacuum": "off",
    "dynamic_shared_memory_type": "mmap",
    "event_triggers": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "hot_standby": "off",
    "huge_pages": "off",
    "jit": "off",
    "listen_addresses": "",
    "log_destination": "stderr",
    "logging_collector": "off",
    "maintenance_work_mem": "64MB",
    "max_connections": "20",
    "max_locks_per_transaction": "512",
    "max_logical_replication_workers": "0",
    "max_prepared_transactions": "100",
    "max_wal_size": "512MB",
    "primary_conninfo": "",
    "recovery_target_action": "promote",
    "shared_buffers": "64MB",
    "shared_preload_libraries": "",
    "ssl": "off",
    "synchronous_standby_names": "",
}


@contextmanager
def alone() -> Iterator[None]:
    """Waits until no other one lives. Nothing is expired meanwhile: backup-retain asks for the same lock. What is
    restored is in clear, so it goes when the container is stopped; what was started from outside is killed then, and
    what it leaves goes when the container starts again (backup-prepare)."""
    signal.signal(signal.SIGTERM, _interrupted)
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting until another backup is proved, extracted or expired ...", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _interrupted(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


class StepError(Exception):
    """A step of the drill found a fault; the message says which."""


class Throwaway:
    """In a folder of its own. `begin` and `end` remove what an earlier drill left, also one that was killed."""

    def __init__(self) -> None:
        self.data, self._run, self._etc = FOLDER / "data", FOLDER / "run", FOLDER / "etc"
        self._made = (self.data, self._run, self._etc, FOLDER / "spool")
        self._log = FOLDER / "postgres.log"
        self._server: subprocess.Popen[bytes] | None = None

    def begin(self, size: int) -> None:
        """An empty folder with room for so many bytes. StepError."""
        self.end()
        needed, free = size + _MARGIN, shutil.disk_usage(FOLDER).free
        if free < needed:
            raise StepError(f"{needed >> 20} MiB are needed in {FOLDER}, {free >> 20} are free")
        for made in self._made:
            made.mkdir(mode=0o700)
        (self._etc / "postgresql.conf").touch()
        (self._etc / "pg_hba.conf").write_text("local all all trust\n")

    def end(self) -> None:
        """Nothing of it is left, also when somebody stops the container meanwhile."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGQUIT)  # at once, without a checkpoint
            self._server.wait()
        for made in self._made:
            if made.exists():
                shutil.rmtree(made)
        self._log.unlink(missing_ok=True)
        signal.signal(signal.SIGTERM, _interrupted)

    def restore(self, *how: str) -> None:
        """The files of a backup, each compared with its checksum; `how` are pgBackRest's options for it. StepError."""
        ask(f"--stanza={STANZA}", *how, "restore")

    def replay(self) -> None:
        """Starts it and waits until it has replayed the log and takes writes. StepError with its last words."""
        given = {
            **_PARAMETERS,
            "config_file": f"{self._etc}/postgresql.conf",
            "hba_file": f"{self._etc}/pg_hba.conf",
            "unix_socket_directories": str(self._run),
        }
        words = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                [self.tool("postgres"), "-D", str(self.data), *words], stdout=log, stderr=log
            )
        deadline = time.monotonic() + _LONGEST
        while not self._serves():
            if self._server.poll() is not None:
                raise StepError(self._last_words())
            if time.monotonic() > deadline:
                raise StepError(f"PostgreSQL does not serve after {_LONGEST / 3600:.0f} hours: {self._last_words()}")
            time.sleep(_LOOK)

    def _serves(self) -> bool:
        try:
            with self.connect("template1") as connection:
                row = connection.execute("SELECT NOT pg_is_in_recovery()").fetchone()
        except psycopg.OperationalError:
            return False
        return row == (True,)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        grave = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "invalid"))]
        return " | ".join((grave or lines)[-4:]) or "PostgreSQL ended without a word"

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        """As its owner."""
        return psycopg.connect(
            host=str(self._run),
            dbname=database,
            user="postgres",
            client_encoding="utf8",
            options=f"-c statement_timeout={_LONGEST:.0f}s",
            autocommit=True,
        )

    def databases(self) -> Iterator[tuple[str, int]]:
        """Name and size in bytes of each that takes connections."""
        with self.connect("template1") as connection:
            for name, size in connection.execute(
                "SELECT datname, pg_database_size(oid) FROM pg_database WHERE datallowconn ORDER BY datname"
            ):
                yield str(name), int(str(size))

    def dump(self, *what: str) -> None:
        """SQL to this process's standard output; `what` are pg_dump's options and a database. StepError."""
        run(self.tool("pg_dump"), f"--host={self._run}", "--username=postgres", *what, shown=True)

    def structure(self) -> None:
        """Every table, every B-tree, and that each row is in each B-tree of its table. StepError."""
        run(
            self.tool("pg_amcheck"), f"--host={self._run}", "--username=postgres", "--all", "--install-missing",
            "--heapallindexed", f"--jobs={processes()}",
        )  # fmt: skip

    def stop(self) -> None:
        """With a checkpoint. StepError when it does not end well."""
        run(self.tool("pg_ctl"), "stop", f"--pgdata={self.data}", "--mode=fast", "--timeout=300")

    def checksums(self) -> None:
        """Every page, of the stopped server. StepError."""
        run(self.tool("pg_checksums"), "--check", f"--pgdata={self.data}")

    def tool(self, name: str) -> str:
        """Of the version that the data are of. StepError."""
        version = self.data / "PG_VERSION"
        if not version.exists():
            raise StepError("the backup holds no PG_VERSION")
        path = Path("/usr/lib/postgresql") / version.read_text().strip() / "bin" / name
        if not path.exists():
            raise StepError(f"there is no {path}: the data are of another version of PostgreSQL")
        return str(path)


def processes() -> int:
    """How many work at once: as many as pgBackRest is told."""
    told = dict(line.split("=", 1) for line in Path(CONFIG).read_text().splitlines() if "=" in line)
    return int(told.get("process-max", 1))


def ask(*words: str) -> str:
    """What pgBackRest says of a repository. StepError."""
    return run("pgbackrest", f"--config={CONFIG}", *words)


def run(*command: str, shown: bool = False) -> str:
    """What it prints to standard output; with `shown`, that is this process's. StepError with its last words."""
    name, output = Path(command[0]).name, None if shown else subprocess.PIPE
    try:
        done = subprocess.run(
            command, text=True, errors="replace", stdout=output, stderr=subprocess.PIPE, check=False, timeout=_LONGEST
        )
    except subprocess.TimeoutExpired:
        raise StepError(f"{name} did not end within {_LONGEST / 3600:.0f} hours") from None
    if done.returncode:
        lines = [line for line in ((done.stdout or "") + done.stderr).splitlines() if line.strip()]
        grave = [line for line in lines if "ERROR" in line or "error" in line]
        raise StepError(f"{name} ended with {done.returncode}: {' | '.join((grave or lines)[-4:])}")
    return done.stdout or ""
