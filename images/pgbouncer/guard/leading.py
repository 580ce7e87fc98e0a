"""One database server in place of all that a name leads to, until it is taken back or PgBouncer starts anew.

PgBouncer reads a file of its own last (`%include`), where a database may be declared once more. One whose host is
another than before gets new connections; those that it had end with their transactions (loader.c, `parse_database`)."""

import time
from pathlib import Path

from console import Console
from words import say

_DECLARED, _INSTEAD = Path("/etc/basalt/pgbouncer.ini"), Path("/tmp/instead.ini")  # noqa: S108  the container's own
_POLL = 0.1


def instead(declared: str, name: str, target: str) -> str:
    """The declared databases at `name`, at `target`."""
    told = f" host={name} "
    lines = [line.replace(told, f" host={target} ") for line in declared.splitlines() if told in line]
    return "\n".join(["[databases]", *lines, ""])


def lead(name: str, target: str, address: str, seconds: float) -> int:
    """0 when no connection leads to an address any more; 1 when one still does after `seconds`."""
    _INSTEAD.write_text(instead(_DECLARED.read_text(), name, target))
    console, deadline = Console(), time.monotonic() + seconds
    console.ask("RELOAD")
    while any(row["addr"] == address for row in console.ask("SHOW SERVERS")):
        if time.monotonic() > deadline:
            say("late", why=f"a transaction is open through {address}")
            return 1
        time.sleep(_POLL)
    say("led")
    return 0


def lead_back() -> int:
    """All databases are where they are declared."""
    _INSTEAD.write_text("")
    Console().ask("RELOAD")
    say("led")
    return 0
