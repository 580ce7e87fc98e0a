"""Prints a database, or tables of it, as they were at a moment, as SQL. Nothing but the repository is read.

    backup-extract --database NAME [--table PATTERN ...] --time "2026-11-25 21:14:03.5+00"

The moment is named as in backup-plan. Ends with 1, and prints no SQL, when the repository does not reach so far."""

import argparse
import sys

from drill.choose import NoBackupError
from drill.plan import arguments, planned
from drill.target import NotThereError
from drill.throwaway import StepError, Throwaway, alone


def main() -> int:
    """0; 1 when it could not be restored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True)
    parser.add_argument("--table", action="append", default=[], help="as pg_dump takes them; all where there is none")
    arguments(parser)
    options = parser.parse_args()
    with alone():
        server = Throwaway()
        try:
            say("restore")
            found = planned(parser, options)
            server.begin(found.bytes)
            server.restore(*found.options)
            say("replay")
            server.replay()
            say("dump")
            dump(server, options.database, options.table)
        except (NoBackupError, NotThereError, StepError, ValueError) as error:
            say(f"{error}; see what there is: basalt backups")
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


if __name__ == "__main__":
    sys.exit(main())
