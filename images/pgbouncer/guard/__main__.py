"""Holds a pause of PgBouncer, and cannot leave one behind.

    pgbouncer-guard hold SECONDS [DATABASE...]
                                    says "ready"; at the word `pause` lets transactions end and keeps all others waiting
    pgbouncer-guard mend            ends a pause whose guard is dead; `mend --now` does not wait for its deadline

A pause ends at the word `resume`, after which there may be another; at the end of input (whoever gave the words is
gone); after SECONDS; and at a signal. A guard that is killed leaves a note with its deadline; the container's probe
mends what is past it. A PgBouncer that is started anew is not paused.

While it lasts nobody is refused for having waited too long: `query_wait_timeout` is off, and back when those who waited
have been served."""

import argparse
import sys
import time

import note
from console import Console, ConsoleError
from words import LATE, Words, say

_IDLE = 60.0  # seconds for the word `pause`
_SERVED = 10.0  # seconds for those who waited
_AGAIN = 5.0  # seconds in which a RESUME is tried
_POLL = 0.05
_TIMEOUT = "query_wait_timeout"


def hold(seconds: float, databases: list[str]) -> int:
    """0 when what was asked for was done, 1 when PgBouncer refused. Without `databases`, all are paused."""
    words = Words()
    steering = Console()
    if _paused_now(steering) or note.there():
        say("refused", why="PgBouncer is paused already")
        return 1
    usual = next(row["value"] for row in steering.ask("SHOW CONFIG") if row["key"] == _TIMEOUT)
    steering.close()
    say("ready")
    while words.next(time.monotonic() + _IDLE) == "pause":
        why = _once(words, seconds, databases, usual)
        if why != "resume":
            return 0 if why else 1
    return 0


def _once(words: Words, seconds: float, databases: list[str], usual: str) -> str:
    """One pause; the word that ended it, or "" when it could not be ended."""
    note.write(seconds)
    pausing = Console()
    try:
        why = _paused(words, pausing, seconds, databases)
    finally:
        resumed = _resume()
    say("resumed" if resumed else "stuck", why=why)
    pausing.close()
    if not resumed:
        return ""
    _as_usual(usual)
    say("done")
    return why


def _paused_now(console: Console) -> list[str]:
    """What is paused: databases, and "" for all."""
    state = {row["key"]: row["value"] for row in console.ask("SHOW STATE")}
    databases = [row["name"] for row in console.ask("SHOW DATABASES") if row["paused"] == "1"]
    return [*([""] if state["paused"] == "yes" else []), *databases]


def _paused(words: Words, pausing: Console, seconds: float, databases: list[str]) -> str:
    """The word that ends the pause."""
    started = time.monotonic()
    pausing.ask(f"SET {_TIMEOUT} = 0")
    for database in databases or [""]:
        pausing.send(f"PAUSE {database}".strip())
        word = words.next(started + seconds, pausing)
        if word is not None:
            return word
        pausing.answer()
    say("paused", seconds=round(time.monotonic() - started, 4))
    return words.next(started + seconds) or LATE


def _resume() -> bool:
    """By a connection of its own: the others may be stuck. What cannot be done now is left to the probe."""
    deadline = time.monotonic() + _AGAIN
    while time.monotonic() < deadline:
        try:
            console = Console()
            for database in _paused_now(console):
                console.ask(f"RESUME {database}".strip())
        except (OSError, ConsoleError):
            time.sleep(_POLL)
        else:
            return True
    return False


def _as_usual(timeout: str) -> None:
    """Those who waited longer than usual would be refused at once."""
    console, deadline = Console(), time.monotonic() + _SERVED
    while any(int(row["maxwait"]) for row in console.ask("SHOW POOLS")) and time.monotonic() < deadline:
        time.sleep(_POLL)
    console.ask(f"SET {_TIMEOUT} = {timeout}")
    note.remove()


def mend(*, now: bool) -> int:
    """Ends a pause that nobody holds; all settings are as the file says again."""
    if not (note.there() if now else note.expired()):
        say("mended", why="nothing was paused")
        return 0
    resumed = _resume()
    if resumed:
        Console().ask("RELOAD")
        note.remove()
        say("mended")
    return 0 if resumed else 1


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    holding = verbs.add_parser("hold")
    holding.add_argument("seconds", type=float)
    holding.add_argument("databases", nargs="*")
    verbs.add_parser("mend").add_argument("--now", action="store_true", help="whether or not its deadline has passed")
    options = parser.parse_args()
    try:
        return hold(options.seconds, options.databases) if options.verb == "hold" else mend(now=options.now)
    except (OSError, ConsoleError) as error:
        say("refused", why=str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
