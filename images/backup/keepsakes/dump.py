"""A database as statements and rows, in PostgreSQL's own archive: what any later version takes, table by table."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from keepsakes.source import SourceError, run

KIND = "dump-"

_USER = "dump"
_TOOLS = Path("/usr/lib/postgresql")
#: libpq's words. A replica is asked first; one that has to drop a row which is still read cuts the dump off, and then
#: the primary is asked, whom nothing cuts off.
_WHO = ("prefer-standby", "read-write")
#: For a table that somebody changes: whoever waits behind the dump waits as long.
_LOCK = "60s"


def take(members: Sequence[str], database: str, path: Path) -> None:
    """Into a new file. SourceError."""
    _dump(members, database, path)
    check(path)


def _dump(members: Sequence[str], database: str, path: Path) -> None:
    first, last = (connection(members, database, who) for who in _WHO)
    words = (tool("pg_dump"), "--format=custom", "--compress=zstd:3", "--no-password", f"--lock-wait-timeout={_LOCK}")
    with suppress(SourceError):
        run(*words, f"--file={path}", f"--dbname={first}")
        return
    run(*words, f"--file={path}", f"--dbname={last}")


def connection(members: Sequence[str], database: str, who: str) -> str:
    """For libpq; no secret is in it."""
    hosts, ports = zip(*(member.rsplit(":", 1) for member in members), strict=True)
    given = {
        "host": ",".join(hosts),
        "port": ",".join(ports),
        "dbname": database,
        "user": _USER,
        "passfile": "/etc/basalt/pgpass",
        "sslmode": "verify-full",
        "sslrootcert": "/etc/basalt/tls/stack/ca.crt",
        "connect_timeout": "5",
        "target_session_attrs": who,
    }
    return " ".join(f"{name}='{value}'" for name, value in given.items())


def tool(name: str) -> str:
    """Of the newest PostgreSQL in the image; Debian's wrapper would look for a cluster of this machine."""
    return str(max(_TOOLS.glob(f"*/bin/{name}"), key=lambda path: int(path.parent.parent.name)))


def check(path: Path) -> None:
    """It is listed, and all of it is read and unpacked. SourceError."""
    if "TOC Entries" not in run(tool("pg_restore"), "--list", str(path)):
        raise SourceError("pg_restore lists nothing of it")
    run(tool("pg_restore"), "--file=/dev/null", str(path))
