"""Restores a backup into a throw-away PostgreSQL, replays the log to a point of chance, and looks at what came out.

    backup-drill               the newest backup
    backup-drill --older       another one, by chance; nothing where there is none
    backup-drill --set LABEL   this one; with --json the report as JSON
    backup-drill --list        the kept reports as JSON, the oldest first; restores nothing

Steps: `catalogue` (what there is), `repository` (every file in it by its checksum, and no gap in the log), `space`,
`restore`, `replay`, `structure` (pg_amcheck, every row in every index), `rows` (the declared assertions), `checksums`.
The step that fails names the fault. Each drill leaves a report in /var/lib/drill/reports. Ends with 0 when the backup
is proved, with 1 when it is not."""

import argparse
import contextlib
import json
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psycopg

from drill.choose import Choice, NoBackupError, choose, told
from drill.report import Report, publish, read, save
from drill.repository import VERBOSE, faults, is_gap, spans
from drill.throwaway import CONFIG, FOLDER, STANZA, StepError, Throwaway, alone, run

REPORTS = FOLDER / "reports"
_ASSERTIONS = Path("/etc/basalt/assertions.json")
_METRICS = FOLDER / "drill.prom"
#: Beside the data: log, and what a promotion writes.
_MARGIN = 512 << 20
#: Seconds after which a segment that was handed over early is followed by those before it.
_ORDER = 10


class Drill:
    """One run; what it finds is in `report`."""

    def __init__(self, which: str) -> None:
        self.report = Report(which, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        self._server = Throwaway()

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            yield
        except (StepError, NoBackupError, psycopg.Error, OSError, ValueError, KeyError) as error:
            self.report.fault, self.report.why = name, str(error).strip() or repr(error)
            raise StepError(self.report.why) from error
        finally:
            self.report.seconds[name] = round(time.monotonic() - started, 3)

    def run(self, label: str | None) -> None:
        """All steps, up to the first that finds a fault; nothing that was restored is left. Where there is no older
        backup, the report names none."""
        try:
            if choice := self._choice(label):
                self._steps(choice)
        except StepError as error:
            print(f"{self.report.fault}: {error}", file=sys.stderr, flush=True)
        finally:
            self._server.end()
            self.report.at = time.time()

    def _choice(self, label: str | None) -> Choice | None:
        with self._step("catalogue"):
            listed = ask("--output=json", "info")
            # A point that nobody could foresee; it is in the report, so it can be tried again.
            chance = Random(secrets.randbits(64))  # noqa: S311  no secret
            choice = choose(listed, STANZA, label=label, older=self.report.which == "older", chance=chance)
        if choice is None:
            return None
        self.report.label, self.report.bytes, self.report.end = choice.label, choice.size, told(choice.end)
        if choice.target is not None:
            self.report.target, self.report.replayed = told(choice.target), choice.target - choice.end
        return choice

    def _steps(self, choice: Choice) -> None:
        server = self._server
        with self._step("repository"):
            verify()
        with self._step("space"):
            enough(choice)
            server.begin()
        with self._step("restore"):
            server.restore(f"--set={choice.label}", *_until(choice))
        with self._step("replay"):
            server.replay()
            self.report.databases = dict(server.databases())
        with self._step("structure"):
            server.structure()
        with self._step("rows"):
            self._rows()
        with self._step("checksums"):
            server.stop()
            server.checksums()

    def _rows(self) -> None:
        for wanted in json.loads(_ASSERTIONS.read_text()):
            with self._server.connect(wanted["database"]) as connection:
                rows = connection.execute(wanted["query"]).fetchall()
            self.report.rows.append({**wanted, "gave": [[str(value) for value in row] for row in rows[:3]]})
            if rows != [(True,)]:
                raise StepError(f"{wanted['query']!r} in {wanted['database']} gave {self.report.rows[-1]['gave']}")


def _until(choice: Choice) -> list[str]:
    if choice.target is None:
        return ["--type=immediate"]
    return ["--type=lsn", f"--target={told(choice.target)}"]


def ask(*words: str) -> str:
    """What pgBackRest says of the repository. StepError."""
    return run("pgbackrest", f"--config={CONFIG}", f"--stanza={STANZA}", *words)


def verify() -> None:
    """StepError when a file of the repository is missing or is not what it was, or when the log has a gap."""
    found = _faults()
    if found and all(map(is_gap, found)):
        # Members hand over several segments at once, not always in their order.
        time.sleep(_ORDER)
        found = _faults()
    if found:
        raise StepError(" | ".join(found[:8]))


def _faults() -> list[str]:
    return list(dict.fromkeys(faults(ask(*VERBOSE), spans(ask("--output=json", "info"), STANZA))))


def enough(choice: Choice) -> None:
    """StepError when the backup does not fit."""
    free = shutil.disk_usage(FOLDER).free
    if free < choice.size + _MARGIN:
        raise StepError(f"{choice.size + _MARGIN >> 20} MiB are needed in {FOLDER}, {free >> 20} are free")


def main() -> int:
    """0 proved, 1 not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--older", action="store_true", help="not the newest, but any other")
    which.add_argument("--set", metavar="LABEL", help="this backup")
    which.add_argument("--list", action="store_true", help="only print the kept reports")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args()
    if options.list:
        print(json.dumps([asdict(report) for report in read(REPORTS)], indent=1))
        return 0
    with alone():
        drill = Drill("named" if options.set else "older" if options.older else "newest")
        drill.run(options.set)
        report = drill.report
        if report.label or report.fault:
            save(report, REPORTS)
        publish(REPORTS, _METRICS)
    return tell(report, as_json=options.json)


def tell(report: Report, *, as_json: bool) -> int:
    """0; 1 when the backup is not proved."""
    if as_json:
        print(json.dumps(asdict(report), indent=1))
    elif report.fault is None:
        print(f"{report.label} is proved" if report.label else "there is no older backup")
    else:
        print(f"{report.label or 'no backup'} is NOT proved; {report.fault}: {report.why}")
    return int(report.fault is not None)


if __name__ == "__main__":
    sys.exit(main())
