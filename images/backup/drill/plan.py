"""Says by which backup the database comes back as it was at a moment, and whether the log leads there. Only reads.

    backup-plan --time "2026-11-25 21:14:03.5+00" | --lsn 0/5000060 | --name POINT --set LABEL | --set LABEL | --latest
                [--timeline N] [--repository NAME]

`--time`: all that was committed before it. `--latest`: the end of what is archived. `--set` alone: as that backup ends.
`--timeline`: another than the newest, as after a restore to what was too early. Without `--repository` it is the first
that leads there.

Prints JSON: `repository`, `label`, `ended` and `bytes` of the backup, `timeline`, `last` (the newest segment of the
newest timeline of all), pgBackRest's `options`, `replay` (bytes of log, None where nobody knows), `until` (when the
last of the log came that is archived there), `beyond` (whether what is wanted is later than that), `seconds` by what
drills of that repository have measured, None without one. Ends with 1, and says why, where it would not lead there; a
gap in the log that may still close is waited for."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime

from repositories import chosen

from drill.archive import log_of, stanza
from drill.choose import NoBackupError, position
from drill.report import read
from drill.target import CLOSES, GapError, NotThereError, Planned, Target, plan
from drill.throwaway import FOLDER, STANZA, StepError, ask

_LOOK = 2.0  # seconds between two looks at whether a gap has closed


def moment(text: str) -> datetime:
    """With its zone, UTC where it names none. ValueError."""
    given = datetime.fromisoformat(text)
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Those by which a target is named."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--time", type=moment)
    which.add_argument("--lsn", type=position)
    which.add_argument("--name")
    which.add_argument("--latest", action="store_true")
    parser.add_argument("--set", metavar="LABEL")
    parser.add_argument("--timeline", type=int)
    parser.add_argument("--repository", metavar="NAME")


def planned(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Planned:
    """What arguments ask for; ends with 2 where they name nothing. NoBackupError, NotThereError, StepError."""
    target = Target(options.time, options.lsn, options.name, options.set, options.latest, options.timeline is not None)
    if target.immediate and target.label is None:
        parser.error("say until when: --time, --lsn, --name, --set or --latest")
    began = time.monotonic()
    waits = False
    while True:
        found, refused = _tried(options, target)
        if found is not None:
            return found
        closes = any(isinstance(error, GapError) and error.closes(datetime.now(UTC)) for error in refused.values())
        # A repository may have another clock.
        if not closes or time.monotonic() - began > CLOSES.total_seconds():
            break
        if not waits:
            print("waiting for a segment of the log that is still on its way", file=sys.stderr, flush=True)
        waits = True
        time.sleep(_LOOK)
    if len(refused) == 1:
        raise next(iter(refused.values()))
    raise NotThereError("; ".join(f"{name}: {error}" for name, error in refused.items()))


def _tried(options: argparse.Namespace, target: Target) -> tuple[Planned | None, dict[str, Exception]]:
    """By the first repository that leads there, and why those before it do not."""
    reports, refused = read(FOLDER / "reports"), dict[str, Exception]()
    for repository in chosen(options.repository):
        try:
            entry = stanza(ask(f"--stanza={STANZA}", repository.option, "--output=json", "info"))
            return plan(repository, entry, log_of(repository, entry, options.timeline), target, reports), refused
        except (NoBackupError, NotThereError, StepError) as error:
            refused[repository.name] = error
    return None, refused


def main() -> int:
    """0; 1 when it does not lead there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments(parser)
    options = parser.parse_args()
    try:
        print(json.dumps(asdict(planned(parser, options)), indent=1))
    except (NoBackupError, NotThereError, StepError, ValueError) as error:
        print(f"{error}; see what there is: basalt backups", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
