"""Restores a backup into a throw-away PostgreSQL, replays the log to a point of chance, and looks at what came out.

    backup-drill               the newest backup of each repository, or with --repository NAME of that one
    backup-drill --older       another one, by chance; nothing where there is none
    backup-drill --set LABEL   this one; with --json the reports as JSON
    backup-drill --list        the kept reports as JSON, the oldest first; restores nothing
    backup-drill --clean       removes what one that was killed has left

Steps: `catalogue` (what there is), `repository` (every file in it by its checksum, and no gap in the log), `space`,
`restore`, `replay`, `structure` (pg_amcheck: every table, every row in every B-tree), `rows` (the declared assertions),
`checksums`. The step that fails first names the fault; a fault of the repository is no reason not to go on. Each drill
leaves a report in /var/lib/drill/reports. Ends with 0 when there is no fault, else with 1."""

import argparse
import contextlib
import json
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psycopg
from repositories import Repository, chosen

from drill.archive import leading, log_after, log_of, stanza
from drill.choose import Choice, NoBackupError, choose, point, told
from drill.lineage import Log
from drill.report import Report, publish, read, save
from drill.repository import VERBOSE, faults, is_gap, spans
from drill.target import along
from drill.throwaway import FOLDER, STANZA, StepError, Throwaway, alone, ask

REPORTS = FOLDER / "reports"
_ASSERTIONS = Path("/etc/basalt/assertions.json")
_METRICS = FOLDER / "drill.prom"
#: Which point is tried nobody can foresee; it is in the report, so it can be tried again.
_CHANCE = Random(secrets.randbits(64))  # noqa: S311  no secret
#: Seconds after which a segment that was handed over early is followed by those before it.
_ORDER = 10


class Drill:
    """One run; what it finds is in `report`."""

    def __init__(self, repository: Repository, which: str) -> None:
        self.report = Report(which, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", repository=repository.name)
        self._repository = repository
        self._log: Log | None = None
        self._server = Throwaway()

    def _ask(self, *words: str) -> str:
        return ask(f"--stanza={STANZA}", self._repository.option, *words)

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            yield
        except (StepError, NoBackupError, psycopg.Error, OSError, ValueError, KeyError) as error:
            why = str(error).strip() or repr(error)
            # What fails after it often fails because of it.
            self.report.why = f"{self.report.why}; then {name}: {why}" if self.report.fault else why
            self.report.fault = self.report.fault or name
            raise StepError(why) from error
        finally:
            self.report.seconds[name] = round(time.monotonic() - started, 3)

    def run(self, label: str | None) -> None:
        """All steps, up to the first without which there is no next; nothing that was restored is left. Where there is
        no older backup, the report names none."""
        try:
            self._steps(label)
        except StepError as error:
            print(f"{self.report.fault}: {error}", file=sys.stderr, flush=True)
        finally:
            self._server.end()
            self.report.at = time.time()

    def _steps(self, label: str | None) -> None:
        with self._step("catalogue"):
            listed = self._ask("--output=json", "info")
            choice = choose(listed, STANZA, label=label, older=self.report.which == "older", chance=_CHANCE)
        if choice is None:
            return
        self.report.label, self.report.bytes, self.report.end = choice.label, choice.size, told(choice.end)
        # Another backup's damage is a fault, but no reason not to look whether this one can be restored.
        with contextlib.suppress(StepError), self._step("repository"):
            self._verify(listed, choice)
        with self._step("space"):
            self._server.begin(choice.size)
        self._restore(choice)
        with self._step("structure"):
            self._server.structure()
        with self._step("rows"):
            self._rows()
        with self._step("checksums"):
            self._server.stop()
            self._server.checksums()
        self.report.proved = True

    def _verify(self, listed: str, choice: Choice) -> None:
        """StepError when a file of the repository is not what it was, or the log has a gap. Sets how far to replay."""
        found = self._faults(listed)
        if found and all(map(is_gap, found)):
            # Members hand over several segments at once, not always in their order.
            time.sleep(_ORDER)
            found = self._faults(listed)
        log = log_after(self._repository, stanza(listed), choice.label)
        self._log, self.report.timeline = log, log.timeline
        if target := point(choice.end, log.reaches(choice.first), _CHANCE):
            self.report.target, self.report.replayed = told(target), target - choice.end
        if found:
            raise StepError(" | ".join(found[:8]))

    def _faults(self, listed: str) -> list[str]:
        entry = stanza(listed)
        log = log_of(self._repository, entry, None)
        answer = self._ask(*VERBOSE)
        return list(dict.fromkeys(faults(answer, spans(listed, STANZA), leading(entry, log), log.part)))

    def _restore(self, choice: Choice) -> None:
        target = self.report.target
        how = ["--type=lsn", f"--target={target}"] if target else ["--type=immediate"]
        how += [along(self._log, immediate=not target)] if self._log else []
        with self._step("restore"):
            self._server.restore(self._repository.option, f"--set={choice.label}", *how)
        with self._step("replay"):
            self._server.replay()
            self.report.databases = dict(self._server.databases())

    def _rows(self) -> None:
        for wanted in json.loads(_ASSERTIONS.read_text()):
            with self._server.connect(wanted["database"]) as connection:
                rows = connection.execute(wanted["query"]).fetchall()
            # What else the rows hold belongs to nobody who reads reports.
            truth = rows[0][0] if len(rows) == 1 == len(rows[0]) and isinstance(rows[0][0], bool) else None
            gave = f"{len(rows)} rows and no truth value" if truth is None else str(truth).lower()
            self.report.rows.append({**wanted, "gave": gave})
            if not truth:
                raise StepError(f"{wanted['query']!r} in {wanted['database']} gave {gave}")


def main() -> int:
    """0 proved, 1 not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--older", action="store_true", help="not the newest, but any other")
    which.add_argument("--set", metavar="LABEL", help="this backup")
    which.add_argument("--list", action="store_true", help="only print the kept reports")
    which.add_argument("--clean", action="store_true", help="only remove what one that was killed has left")
    parser.add_argument("--repository", metavar="NAME", help="only of this one")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON")
    options = parser.parse_args()
    if options.list:
        print(json.dumps([asdict(report) for report in read(REPORTS)], indent=1))
        return 0
    try:
        repositories = chosen(options.repository)
    except ValueError as error:
        parser.error(str(error))
    with alone():
        if options.clean:
            Throwaway().end()
            return 0
        kind = "named" if options.set else "older" if options.older else "newest"
        if options.set:
            repositories = _holders(repositories, options.set)
        reports = [_drill(repository, kind, options.set) for repository in repositories]
        publish(REPORTS, _METRICS)
    return tell(reports, as_json=options.json)


def _holders(repositories: tuple[Repository, ...], label: str) -> tuple[Repository, ...]:
    """Those that hold a backup; where none does, the first says so."""
    return tuple(one for one in repositories if _holds(one, label)) or repositories[:1]


def _holds(repository: Repository, label: str) -> bool:
    try:
        return label in ask(f"--stanza={STANZA}", repository.option, "--output=json", "info")
    except StepError as error:
        print(f"{repository.name}: {error}", file=sys.stderr, flush=True)
        return False


def _drill(repository: Repository, which: str, label: str | None) -> Report:
    drill = Drill(repository, which)
    drill.run(label)
    if drill.report.label or (drill.report.fault and not label):
        save(drill.report, REPORTS)
    return drill.report


def tell(reports: list[Report], *, as_json: bool) -> int:
    """0; 1 when there is a fault."""
    if as_json:
        print(json.dumps([asdict(report) for report in reports], indent=1))
        return int(any(report.fault for report in reports))
    for report in reports:
        of = f"{report.label or 'no backup'} in {report.repository}"
        if report.fault is None:
            print(f"{of} is proved" if report.label else f"there is no older backup in {report.repository}")
        else:
            verdict = "is proved, but" if report.proved else "is NOT proved;"
            print(f"{of} {verdict} {report.fault}: {report.why}")
    return int(any(report.fault for report in reports))


if __name__ == "__main__":
    sys.exit(main())
