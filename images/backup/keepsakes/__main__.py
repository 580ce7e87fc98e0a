"""Keeps what is not in the files of the database: takes it, looks whether it is whole, stores it, and tells of it.

    backup-keep --take KIND [--repository NAME]    KIND as --list names it; then what no generation keeps goes
    backup-keep --missing                          those of which a repository has none yet
    backup-keep --list                             all of them, and why each stays or goes, as JSON
    backup-keep --find KIND [--set LABEL] [--repository NAME]    one of them, the newest without LABEL, as JSON
    backup-keep --get KIND ... [--output FILE]     its bytes, after they were compared with what was stored
    backup-keep --give-back silences ... [--dry-run]    sets those again that are lacking, and prints them as JSON
    backup-keep --publish                          only says how old the newest are, as metrics

Without --repository it is every one that takes, and the first that has it that gives. Ends with 1, and says why, where
something is not kept or not found."""

import argparse
import fcntl
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from repositories import chosen, declared

from keepsakes import dump, metrics, redis, silences
from keepsakes.decide import decide, newest
from keepsakes.declared import Declared, read
from keepsakes.names import Keepsake
from keepsakes.source import SourceError
from keepsakes.store import Store, StoreError

_FOLDER = Path("/var/lib/drill")
_METRICS = _FOLDER / "keepsakes.prom"


@dataclass(frozen=True, slots=True)
class Found:
    """A keepsake, and where it is."""

    store: Store
    keepsake: Keepsake


@contextmanager
def _folder(kind: str) -> Iterator[Path]:
    """For what is in clear. One at a time of a kind, so that keys do not wait for a long dump; what a killed one left
    is nobody's, and goes."""
    with (_FOLDER / f"keep.{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in _FOLDER.glob(f"keep.{kind}.*/"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=f"keep.{kind}.", dir=_FOLDER) as made:
            yield Path(made)


def take(kind: str, stores: list[Store], told: Declared) -> bool:
    """Whether all of them have it."""
    well = True
    with _folder(kind) as folder:
        moment, path = datetime.now(UTC), folder / kind
        try:
            _source(kind, told, path)
        except SourceError as error:
            return _failed(f"{kind} is not kept: {error}")
        for store in stores:
            try:
                made = store.put(kind, moment, path)
                print(f"{store.repository.name} keeps {kind} {made.label}, {made.size} bytes", flush=True)
                expire(store, told)
            except StoreError as error:
                well = _failed(str(error))
    return well


def _source(kind: str, told: Declared, path: Path) -> None:
    """Into a file, in which everything was looked at. SourceError."""
    if kind not in told.due:
        raise SourceError(f"what is kept is: {', '.join(told.due)}")
    if kind.startswith(dump.KIND):
        dump.take(told.postgres, kind.removeprefix(dump.KIND), path)
    elif kind == silences.KIND:
        silences.take(told.alertmanager, path)
    else:
        redis.take(told.redis, path)


def expire(store: Store, told: Declared) -> None:
    """What no generation keeps goes, also of what is not declared any more. StoreError."""
    for one, reasons in decide(store.all(), told.policy, datetime.now(UTC)).items():
        if not reasons:
            store.remove(one)
            print(f"{store.repository.name} {one.kind} {one.label} goes", flush=True)


def missing(told: Declared) -> bool:
    """Takes what a repository has none of; whether all have all of it now."""
    well = True
    for repository in declared():
        store = Store(repository)
        try:
            has = newest(store.all())
        except StoreError as error:
            well = _failed(str(error))
            continue
        for kind in told.due:
            well = (kind in has or take(kind, [store], told)) and well
    return well


def rows(told: Declared) -> tuple[list[dict[str, object]], bool]:
    """All, and whether every repository was read."""
    found, well = list[dict[str, object]](), True
    for repository in declared():
        try:
            decided = decide(Store(repository).all(), told.policy, datetime.now(UTC))
        except StoreError as error:
            well = _failed(str(error))
            continue
        found += [_row(Found(Store(repository), one)) | {"why": list(why)} for one, why in decided.items()]
    return found, well


def _row(found: Found) -> dict[str, object]:
    one = found.keepsake
    return {
        "repository": found.store.repository.name,
        "kind": one.kind,
        "label": one.label,
        "at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}",
        "bytes": one.size,
    }


def find(kind: str, label: str | None, repository: str | None) -> Found:
    """The one of that label, or the newest. StoreError where there is none."""
    refused: list[str] = []
    for one in chosen(repository):
        store = Store(one)
        try:
            mine = [kept for kept in store.all() if kept.kind == kind and label in (None, kept.label)]
        except StoreError as error:
            refused.append(str(error))
            continue
        if mine:
            return Found(store, mine[0])
        refused.append(f"{one.name} has no {kind} {label or ''}".rstrip())
    raise StoreError("; ".join(refused))


def get(found: Found, output: Path | None) -> None:
    """StoreError, before a byte of it is given."""
    with _folder(found.keepsake.kind) as folder:
        path = folder / "out"
        found.store.get(found.keepsake, path)
        if output:
            shutil.copyfile(path, output)
            return
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)


def give_back(found: Found, told: Declared, *, dry: bool) -> None:
    """What was kept goes where it came from; which of it lacked there, as JSON. StoreError, SourceError."""
    if found.keepsake.kind != silences.KIND:
        raise SourceError(f"{found.keepsake.kind} is brought back by basalt")
    with _folder(found.keepsake.kind) as folder:
        path = folder / "out"
        found.store.get(found.keepsake, path)
        print(json.dumps(silences.give_back(told.alertmanager, path, dry=dry), indent=1))


def publish(told: Declared) -> bool:
    """Whether every repository was read. What cannot be read now keeps its time: it grows old, as it should."""
    found, well = dict[str, dict[str, float]](), True
    for repository in declared():
        try:
            has = newest(Store(repository).all())
        except StoreError as error:
            well = _failed(str(error))
            continue
        found[repository.name] = {kind: one.at.timestamp() for kind, one in has.items()}
    metrics.write(_METRICS, [one.name for one in declared()], told.due, found, time.time())
    return well


def _failed(why: str) -> bool:
    print(why, file=sys.stderr, flush=True)
    return False


def main() -> int:
    """0 or 1, as the module says."""
    options = _arguments()
    told = read()
    try:
        if options.take:
            taken = take(options.take, [Store(one) for one in chosen(options.repository)], told)
            return int(not (publish(told) and taken))
        if options.missing:
            taken = missing(told)
            return int(not (publish(told) and taken))
        if options.publish:
            return int(not publish(told))
        if options.list:
            found, well = rows(told)
            print(json.dumps(found, indent=1))
            return int(not well)
        one = find(options.find or options.get or options.give_back, options.set, options.repository)
        if options.find:
            print(json.dumps(_row(one), indent=1))
        elif options.get:
            get(one, options.output)
        else:
            give_back(one, told, dry=options.dry_run)
    except (StoreError, SourceError, ValueError) as error:
        return int(not _failed(str(error)))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--take", metavar="KIND")
    what.add_argument("--missing", action="store_true")
    what.add_argument("--list", action="store_true")
    what.add_argument("--find", metavar="KIND")
    what.add_argument("--get", metavar="KIND")
    what.add_argument("--give-back", metavar="KIND")
    what.add_argument("--publish", action="store_true")
    parser.add_argument("--set", metavar="LABEL")
    parser.add_argument("--repository", metavar="NAME")
    parser.add_argument("--output", metavar="FILE", type=Path)
    parser.add_argument("--dry-run", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
