"""Prints a database, or tables of it, as they were at a moment, as SQL. Nothing but the repository is read.

    backup-extract --database NAME [--table PATTERN ...] (--time "2026-11-25 21:14:03.5+00" | --set LABEL)

`--time`: all that was committed before it, and nothing that was later; the newest backup before it is restored, and the
log replayed. `--set`: as a backup ends. Ends with 1, and prints no SQL, when the repository does not reach so far."""

import argparse
import sys
from datetime import UTC, datetime
from random import Random

from drill.choose import NoBackupError, choose
from drill.throwaway import CONFIG, STANZA, StepError, Throwaway, alone, run


def moment(text: str) -> str:
    """With its zone, UTC where it names none, as PostgreSQL reads it. ValueError."""
    given = datetime.fromisoformat(text)
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC).isoformat(sep=" ")


def main() -> int:
    """0; 1 when it could not be restored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True)
    parser.add_argument("--table", action="append", default=[], help="as pg_dump takes them; all where there is none")
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument("--time", type=moment)
    when.add_argument("--set", metavar="LABEL")
    options = parser.parse_args()
    # What is committed at the moment itself is not before it.
    how = ["--type=time", f"--target={options.time}", "--target-exclusive"] if options.time else ["--type=immediate"]
    with alone():
        server = Throwaway()
        try:
            say("restore")
            server.begin(size())
            server.restore(*how, *chosen(options.set))
            say("replay")
            server.replay()
            say("dump")
            dump(server, options.database, options.table)
        except StepError as error:
            say(f"{error}; see what there is: basalt backups, pgbackrest info")
            return 1
        finally:
            server.end()
    return 0


def dump(server: Throwaway, database: str, tables: list[str]) -> None:
    """StepError."""
    there = [name for name, _ in server.databases()]
    if database not in there:
        raise StepError(f"there was no database {database!r} then, but: {', '.join(there)}")
    server.dump(*(f"--table={table}" for table in tables), database)


def say(text: str) -> None:
    """Progress; standard output is for the SQL."""
    print(text, file=sys.stderr, flush=True)


def size() -> int:
    """Bytes that the newest backup takes when it is restored; others hardly take more. StepError."""
    listed = run("pgbackrest", f"--config={CONFIG}", f"--stanza={STANZA}", "--output=json", "info")
    try:
        newest = choose(listed, STANZA, label=None, older=False, chance=Random())  # noqa: S311  nothing is chosen
    except NoBackupError as error:
        raise StepError(str(error)) from None
    return newest.size if newest else 0


def chosen(label: str | None) -> list[str]:
    """pgBackRest finds the newest backup before a time by itself."""
    return [f"--set={label}"] if label else []


if __name__ == "__main__":
    sys.exit(main())
