"""Expires backups that no generation keeps. Says of each why it stays or that it goes.

    backup-retain              expires, one set after the other, then the log that nothing kept needs
    backup-retain --dry-run    only says, of those that have ended; with --json as JSON
    backup-retain --publish    only says how old the newest is in each repository, as metrics

A run that is killed leaves some that should go: pgBackRest forgets a backup before it removes its files, and the next
run decides anew. While a backup is taken or proved, nothing is expired: the next run does it."""

import argparse
import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families
from repositories import Repository, declared

from retention.catalogue import CatalogueError, busy, newest, read
from retention.decide import Decision, Policy, continuous, decide, expired

_POLICY = Path("/etc/basalt/retention.json")
#: Held by a drill as long as it restores, and by who takes a backup.
_LOCKS = {
    Path("/var/lib/drill/lock"): "a backup is being proved",
    Path("/var/lib/drill/backup.lock"): "a backup is being taken",
}
_STANZA = "main"
_METRICS = Path("/var/lib/drill/backups.prom")
#: What pgBackRest would expire by its own rules: nothing (the greatest that its options take).
_NOTHING = "9999999"


def policy() -> Policy:
    """As it is declared."""
    told = json.loads(_POLICY.read_text())
    return Policy(told["daily"], told["weekly"], told["monthly"], timedelta(seconds=told["floor_seconds"]))


def _pgbackrest(*words: str) -> str:
    done = subprocess.run(
        ["pgbackrest", f"--stanza={_STANZA}", *words], check=True, stdout=subprocess.PIPE, text=True, errors="replace"
    )
    return done.stdout


def _told(repository: Repository) -> str:
    return _pgbackrest(repository.option, "--log-level-console=error", "--output=json", "info")


def _rows(decisions: dict[Repository, list[Decision]]) -> Iterator[dict[str, object]]:
    for repository, made in decisions.items():
        for one in made:
            yield {
                "repository": repository.name,
                "label": one.backup.label,
                "at": f"{one.backup.at:%Y-%m-%dT%H:%M:%SZ}",
                "kept": one.kept,
                "why": list(one.reasons),
            }


def _say(decisions: dict[Repository, list[Decision]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(list(_rows(decisions)), indent=1))
        return
    for row in _rows(decisions):
        why = row["why"]
        told = f"stays: {'; '.join(why)}" if isinstance(why, list) and why else "goes"
        print(f"{row['repository']} {row['label']} {told}", flush=True)


def _expire(repository: Repository, decisions: list[Decision], rules: Policy, now: datetime) -> None:
    prefix = f"--repo{repository.number}-retention-archive"
    for label in expired(decisions):
        _run("expire", repository.option, f"--set={label}", f"{prefix}={_NOTHING}")
    _run("expire", repository.option, f"{prefix}-type=full", f"{prefix}={continuous(decisions, rules, now)}")


def _publish() -> int:
    """The newest of each kind in each repository, into a file that the scheduler serves. What cannot be read now keeps
    its time: it grows old, as it should. 1 when there is such a one."""
    registry, failed = CollectorRegistry(), 0
    told = "When the newest backup of a kind ended"
    gauge = Gauge("backup_last_timestamp_seconds", told, ["repository", "kind"], registry=registry)
    before = _published()
    for repository in declared():
        try:
            found = newest(read(_told(repository), _STANZA))
        except (CatalogueError, subprocess.CalledProcessError) as error:
            print(f"{repository.name}: {error}", file=sys.stderr)
            found, failed = before.get(repository.name, {}), 1
        for kind, at in found.items():
            gauge.labels(repository.name, kind).set(at)
    write_to_textfile(str(_METRICS), registry)
    return failed


def _published() -> dict[str, dict[str, float]]:
    """As it was told last: repository -> kind -> seconds since the epoch."""
    found: dict[str, dict[str, float]] = {}
    if _METRICS.exists():
        for family in text_string_to_metric_families(_METRICS.read_text()):
            for sample in family.samples:
                found.setdefault(sample.labels["repository"], {})[sample.labels["kind"]] = sample.value
    return found


class _BusyError(Exception):
    """Another run is at what would go."""


@contextmanager
def _undisturbed(told: str) -> Iterator[None]:
    """_BusyError while a backup is being taken, expired or proved; who comes meanwhile waits."""
    if busy(told, _STANZA):
        raise _BusyError("a backup is being taken or expired")
    with ExitStack() as held:
        for path, why in _LOCKS.items():
            try:
                fcntl.flock(held.enter_context(path.open("a")), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _BusyError(why) from None
        yield


def _run(*words: str) -> None:
    print(_pgbackrest(*words), end="", flush=True)


def main() -> int:
    """0; 1 when pgBackRest refuses, or cannot be understood. What one repository refuses is no reason to leave the
    other as it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="expire nothing")
    parser.add_argument("--publish", action="store_true", help="only publish metrics")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.publish:
        return _publish()
    now, rules, code = datetime.now(UTC), policy(), 0
    decisions: dict[Repository, list[Decision]] = {}
    for repository in declared():
        try:
            told = _told(repository)
            decisions[repository] = decide(read(told, _STANZA), rules, now)
            if not options.dry_run and decisions[repository]:
                with _undisturbed(told):
                    _expire(repository, decisions[repository], rules, now)
        except _BusyError as error:
            print(f"{repository.name}: {error}: next time", file=sys.stderr)
        except (CatalogueError, subprocess.CalledProcessError) as error:
            print(f"{repository.name}: {error}", file=sys.stderr)
            code = 1
    _say(decisions, as_json=options.json)
    return code if options.dry_run else max(code, _publish())


if __name__ == "__main__":
    sys.exit(main())
