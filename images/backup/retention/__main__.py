"""Expires backups that no generation keeps. Says of each why it stays or that it goes.

    backup-retain              expires, one set after the other, then the log that nothing kept needs
    backup-retain --dry-run    only says; with --json as JSON

A run that is killed leaves some that should go: pgBackRest forgets a backup before it removes its files, and the next
run decides anew. While a backup is taken or proved, nothing is expired: the next run does it."""

import argparse
import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from retention.catalogue import BusyError, CatalogueError, read
from retention.decide import Decision, Policy, continuous, decide, expired

_POLICY = Path("/etc/basalt/retention.json")
#: Held by a drill as long as it restores.
_LOCK = Path("/var/lib/drill/lock")
_STANZA = "main"
#: What pgBackRest would expire by its own rules: nothing (the greatest that its options take).
_NOTHING = "9999999"


def policy() -> Policy:
    """As it is declared."""
    told = json.loads(_POLICY.read_text())
    return Policy(told["daily"], told["weekly"], told["monthly"], timedelta(seconds=told["floor_seconds"]))


def _pgbackrest(*words: str) -> str:
    done = subprocess.run(["pgbackrest", f"--stanza={_STANZA}", *words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def _decisions(rules: Policy, now: datetime) -> list[Decision]:
    return decide(read(_pgbackrest("--log-level-console=error", "info", "--output=json"), _STANZA), rules, now)


def _rows(decisions: list[Decision]) -> Iterator[dict[str, object]]:
    for one in decisions:
        yield {
            "label": one.backup.label,
            "at": f"{one.backup.at:%Y-%m-%dT%H:%M:%SZ}",
            "kept": one.kept,
            "why": list(one.reasons),
        }


def _say(decisions: list[Decision], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(list(_rows(decisions)), indent=1))
        return
    for row in _rows(decisions):
        why = row["why"]
        told = f"stays: {'; '.join(why)}" if isinstance(why, list) and why else "goes"
        print(f"{row['label']} {told}", flush=True)


def _expire(decisions: list[Decision], rules: Policy, now: datetime) -> None:
    for label in expired(decisions):
        _run("expire", f"--set={label}", f"--repo1-retention-archive={_NOTHING}")
    _run(
        "expire",
        "--repo1-retention-archive-type=full",
        f"--repo1-retention-archive={continuous(decisions, rules, now)}",
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """BusyError while a backup is being proved."""
    with _LOCK.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError("a backup is being proved") from None
        yield


def _run(*words: str) -> None:
    print(_pgbackrest(*words), end="", flush=True)


def main() -> int:
    """0; 1 when pgBackRest refuses, or cannot be understood; 2 when somebody asks while there is no telling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="expire nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    now, rules = datetime.now(UTC), policy()
    try:
        decisions = _decisions(rules, now)
        _say(decisions, as_json=options.json)
        if not options.dry_run and decisions:
            with _undisturbed():
                _expire(decisions, rules, now)
    except BusyError as error:
        print(f"{error}: next time", file=sys.stderr)
        return 2 if options.dry_run else 0
    except (CatalogueError, subprocess.CalledProcessError) as error:
        print(f"retention: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
