"""One database server in place of all that a name leads to, while the host of another is empty.

    pgbouncer-lead reach TARGET
                              says "reached" when a database proves there, by its certificate, that it is at TARGET
    pgbouncer-lead past ADDRESS NAME TARGET SECONDS
                              databases at NAME are at TARGET, once it is reached; says "led" when no connection leads
                              to ADDRESS any more
    pgbouncer-lead back ADDRESS   they are at NAME again, unless they were led past another address since
    pgbouncer-lead told       past which address they are led
    pgbouncer-lead mend       takes back what nobody has taken back: minutes later, when ADDRESS takes connections

PgBouncer is started with a file that includes the declared one, or a copy in which the host is another. A database
whose host is another than before gets new connections; those that it had end with their transactions (loader.c,
`parse_database`). A PgBouncer that is started anew is led nowhere."""

import argparse
import re
import socket
import ssl
import struct
import sys
import time
from pathlib import Path

from console import Console, ConsoleError
from words import say

_DECLARED, _MAIN, _INSTEAD = (
    Path(name)
    for name in ("/etc/basalt/pgbouncer.ini", "/tmp/pgbouncer.ini", "/tmp/instead.ini")  # noqa: S108  its own
)
_POLL = 0.1
#: Seconds: for logins under way, which a new host would cut; until connections that are idle are closed.
_LOGIN, _IDLE = 2.0, 2.0
#: Seconds after which a host that takes connections is no longer one that is about to be emptied.
_LATER = 300.0
_ANSWER = 0.5
_HANDSHAKE = 5.0
#: SSLRequest (PostgreSQL 17, 53.7).
_ASK_TLS = struct.pack(">II", 8, 80877103)


def reach(target: str) -> None:
    """As PgBouncer would. OSError, ValueError when the target does not answer, or proves to be somebody else."""
    declared = _DECLARED.read_text()
    authority = re.search(r"^server_tls_ca_file = (.*)$", declared, re.MULTILINE)
    context = ssl.create_default_context(cafile=authority[1] if authority else None)
    with socket.create_connection((target, _port(declared)), _HANDSHAKE) as plain:
        plain.sendall(_ASK_TLS)
        if plain.recv(1) != b"S":
            raise ValueError(f"{target} does not speak TLS")
        with context.wrap_socket(plain, server_hostname=target):
            pass


def _port(declared: str) -> int:
    found = re.search(r" port=(\d+) ", declared)
    return int(found[1]) if found else 0


def instead(declared: str, name: str, target: str) -> str:
    """The file with databases at `target` that are declared at `name`. ValueError where there are none."""
    told, wanted = f" host={name} ", f" host={target} "
    if told not in declared:
        raise ValueError(f"no database is declared at {name}")
    return declared.replace(told, wanted)


def past(address: str, name: str, target: str, seconds: float) -> int:
    """1 when a transaction at `address` lasts longer than so many seconds. As `reach`, before anything is changed."""
    reach(target)
    text = instead(_DECLARED.read_text(), name, target)
    _replace(_INSTEAD, text)
    _replace(_MAIN, f"; past {address} {time.monotonic():.0f}\n%include {_INSTEAD}\n")
    console = Console()
    _reload(console, text)
    deadline = time.monotonic() + _IDLE + seconds
    while open_still := [row for row in console.ask("SHOW SERVERS") if row["addr"] == address]:
        if time.monotonic() > deadline:
            clients = {row["ptr"]: row for row in console.ask("SHOW CLIENTS")}
            whose = "; ".join(transaction(row, clients) for row in open_still)
            say("late", why=f"a transaction is open through {address}: {whose}")
            return 1
        time.sleep(_POLL)
    say("led")
    return 0


def transaction(server: dict[str, str], clients: dict[str, dict[str, str]]) -> str:
    """Whose it is, and since when, for who has to end it: of a row of SHOW SERVERS, and those of SHOW CLIENTS by
    `ptr`. A server without a client is one that PgBouncer has not closed."""
    told = f"{server['user']} in {server['database']}, {server['state']} since {server['request_time']}"
    client = clients.get(server["link"])
    return f"{told}, for {client.get('application_name') or client['addr']}" if client else f"{told}, for nobody"


def back(address: str) -> int:
    """Nothing is done where they are led past another, or nowhere."""
    if told() and told()[0] == address:
        _replace(_MAIN, f"%include {_DECLARED}\n")
        _reload(Console(), _DECLARED.read_text())
        _INSTEAD.unlink(missing_ok=True)
    say("led")
    return 0


def told() -> list[str]:
    """The address that databases are led past, and since when (monotonic); nothing when they are where declared."""
    found = re.match(r"; past (\S+) (\d+)\n", _MAIN.read_text())
    return list(found.groups()) if found else []


def mend() -> int:
    """For the container's probe."""
    led = told()
    if led and time.monotonic() > float(led[1]) + _LATER and _answers(led[0]):
        return back(led[0])
    return 0


def _answers(address: str) -> bool:
    try:
        socket.create_connection((address, _port(_DECLARED.read_text())), _ANSWER).close()
    except OSError:
        return False
    return True


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def _reload(console: Console, text: str) -> None:
    """Where hosts are others than they were. ConsoleError when they are not what was told afterwards: a file that
    cannot be read is only a line in the log."""
    wanted = dict(re.findall(r"^(\S+) = host=(\S+) ", text, re.MULTILINE))
    if _hosts(console, wanted) == wanted:
        return
    deadline = time.monotonic() + _LOGIN
    while any(row["state"] == "new" for row in console.ask("SHOW SERVERS")) and time.monotonic() < deadline:
        time.sleep(_POLL)
    console.ask("RELOAD")
    if (found := _hosts(console, wanted)) != wanted:
        raise ConsoleError(f"databases are at {found} and not at {wanted}: see PgBouncer's log")


def _hosts(console: Console, wanted: dict[str, str]) -> dict[str, str]:
    return {row["name"]: row["host"] for row in console.ask("SHOW DATABASES") if row["name"] in wanted}


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    leading = verbs.add_parser("past")
    for word in ("address", "name", "target"):
        leading.add_argument(word)
    leading.add_argument("seconds", type=float)
    verbs.add_parser("reach").add_argument("target")
    verbs.add_parser("back").add_argument("address")
    verbs.add_parser("told")
    verbs.add_parser("mend")
    options = parser.parse_args()
    try:
        match options.verb:
            case "past":
                return past(options.address, options.name, options.target, options.seconds)
            case "back":
                return back(options.address)
            case "reach":
                reach(options.target)
                say("reached")
                return 0
            case "mend":
                return mend()
            case _:
                say("told", past=next(iter(told()), None))
    except (OSError, ConsoleError, ValueError) as error:
        say("refused", why=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
