"""`basalt restore-dump`: a logical dump becomes a database of its own on the primary, beside the one that it is of.
Nobody's data are touched; what fails half-way is removed."""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from basalt.operations import local_state
from basalt.operations.keepsakes import catalogue
from basalt.operations.keepsakes.catalogue import Kept
from basalt.operations.repository import Say
from basalt.operations.restore.plan import seen
from basalt.operations.restore.run import RestoreError
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.hands import command
from basalt.plan import survey
from basalt.targets.docker.container import container_name
from basalt.topology.model import Topology

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_SOCKET = ("-h", "/run/postgresql")
_PSQL = ("psql", *_SOCKET, "-XAtq", "-v", "ON_ERROR_STOP=1")
#: One database of a cluster has it, and its jobs are declared.
_ELSEWHERE = re.compile(r"^\d+; .*\b(EXTENSION - pg_cron|EXTENSION pg_cron|cron job\w*)\b")


@dataclass(frozen=True, slots=True)
class Report:
    """What was done: `database` is the new one."""

    label: str
    database: str
    member: str
    left: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Primary:
    """Whom commands are given to: `words` lead into its container."""

    name: str
    words: tuple[str, ...]

    def run(self, *words: str, given: BinaryIO | None = None, text: str = "") -> str:
        """What it prints. `given` or `text`: its standard input. RestoreError."""
        told: dict[str, Any] = {"input": text.encode()}
        if given is not None:
            given.seek(0)
            told = {"stdin": given}
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            [*self.words, *words], **told, capture_output=True, check=False
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise RestoreError(f"{self.name}: {' | '.join(said[:4]) or words[0]}")
        return done.stdout.decode(errors="replace")


def into(database: str, kept: Kept) -> str:
    """What the new one is called where nobody says otherwise."""
    moment = f"_{kept.label.lower()}"
    return database[: 63 - len(moment)] + moment


def told(kept: Kept, database: str, new: str) -> Iterator[str]:
    """What will be done and lost, in sentences."""
    yield (
        f"{database} as it was at {kept.at}, from {kept.repository} ({kept.bytes / 1e6:.1f} MB packed), becomes the "
        f"new database {new} on the primary and so on its replicas; {database} stays as it is, and nothing is lost"
    )
    yield f"only people on the primary reach {new}: it is not declared; it takes room until somebody drops it"


def listed(listing: str) -> tuple[str, tuple[str, ...]]:
    """What of `pg_restore --list` can be restored beside what is there, and what not."""
    lines = listing.splitlines()
    left = tuple(line for line in lines if _ELSEWHERE.match(line))
    return "".join(f"{line}\n" for line in lines if line not in left), left


def primary(topology: Topology) -> Primary:
    """RefusedError where nobody leads."""
    site, view = survey(topology), seen(topology)
    if view is None or view.leader is None:
        raise RefusedError("nobody leads the database; see: basalt status")
    member = next(one for one in site.of("postgres") if one.name == view.leader.name)
    return Primary(member.name, tuple(command(site.host(member), container_name(site, member))))


def restore(topology: Topology, kept: Kept, database: str, new: str, say: Say) -> Report:
    """RefusedError and BackupsError while nothing is changed, RestoreError after; then too nothing is left of it."""
    local_state.locked(topology.name)
    at = primary(topology)
    with tempfile.TemporaryFile() as file:
        catalogue.fetch(topology, kept, cast("BinaryIO", file))
        return fill(at, cast("BinaryIO", file), kept.label, database, new, say)


def fill(at: Primary, file: BinaryIO, label: str, database: str, new: str, say: Say) -> Report:
    """Makes the new one of a file. RefusedError where it is there; RestoreError."""
    started = time.monotonic()
    if at.run(*_PSQL, "-c", f"SELECT 1 FROM pg_database WHERE datname = '{new}'").strip():  # noqa: S608  NAME
        raise RefusedError(f"there is a database {new}; name another with --into")
    wanted, left = listed(at.run("pg_restore", "--list", given=file))
    say(f"{at.name} makes {new}")
    at.run(*_PSQL, "-c", f'CREATE DATABASE "{new}" OWNER "{database}_owner" TEMPLATE template0')
    path = f"/tmp/{new}.list"  # noqa: S108  the container's own
    try:
        at.run(*_PSQL, "-c", f'REVOKE ALL ON DATABASE "{new}" FROM PUBLIC')
        at.run("sh", "-c", f"umask 077; cat > {path}", text=wanted)
        at.run("pg_restore", *_SOCKET, f"--dbname={new}", "--single-transaction", f"--use-list={path}", given=file)
        at.run(*_PSQL, "-d", new, "-c", "ANALYZE")
    except BaseException:
        at.run(*_PSQL, "-c", f'DROP DATABASE "{new}" WITH (FORCE)')
        raise
    finally:
        at.run("rm", "-f", path)
    return Report(label, new, at.name, left, round(time.monotonic() - started, 1))
