"""`basalt backup`, `backups`, `drill`, `extract`, `restore`: taken, told of, proved, looked into, brought back."""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from basalt.operations import backups as catalogue
from basalt.operations import drill as drills
from basalt.operations.environment import ROOT
from basalt.operations.repository import ask, follow
from basalt.operations.restore import plan as planning
from basalt.operations.restore.run import restore as run_restore
from basalt.terminal import AsJson, Repository, Stack, Yes, errors, facts, refused, say, table, told
from basalt.topology.load import load_stack

#: Of moments; all UTC.
_TIMES = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f"]


Moment = Annotated[datetime | None, typer.Option("--time", formats=_TIMES, help="As it was then, UTC.")]
Label = Annotated[str | None, typer.Option("--set", help="As this backup has it (basalt backups).")]


def backup(
    stack: Stack,
    full: Annotated[bool, typer.Option("--full", help="Of everything, not only of what has changed.")] = False,
) -> None:
    """Take a backup now, into every repository, for instance before something that is hard to undo. Waits while another
    is taken; exits with 1 when a repository got none."""
    with told():
        print(ask(load_stack(ROOT, stack), ["backup-take", "full" if full else "incr"], errors.print), end="")


def backups(stack: Stack, as_json: AsJson = False) -> None:
    """List the backups and what is kept beside them, each with the reason why it stays, or that it goes with the next
    run. Touches nothing."""
    with told():
        topology = load_stack(ROOT, stack)
        found = catalogue.rows(topology, errors.print)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in found], indent=2))
        return
    shown = [(row.repository, row.kind, row.label, row.at, "; ".join(row.why) if row.kept else "goes") for row in found]
    table(f"Stack {stack}: backups", ("repository", "of", "backup", "ended", "stays, because"), shown)


def drill(  # noqa: PLR0913, PLR0917  the terminal's options
    stack: Stack,
    label: Annotated[str | None, typer.Option("--set", help="This backup (basalt backups); else the newest.")] = None,
    older: Annotated[bool, typer.Option("--older", help="Not the newest, but any other.")] = False,
    repository: Repository = None,
    listed: Annotated[bool, typer.Option("--list", help="Only tell of earlier drills.")] = False,
    html: Annotated[Path | None, typer.Option(help="With --list: a page with a chart, into this new file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup of each repository into a throw-away database beside it, replay its log to a point of chance,
    look at every table, B-tree and page. Touches no member of the database. Exits with 1 when it finds a fault."""
    if label and older:
        raise typer.BadParameter("--set names a backup, --older leaves it to chance: give one of them")
    with told():
        topology = load_stack(ROOT, stack)
        if listed or html:
            _list(stack, drills.kept(topology), html, as_json=as_json)
            return
        found = drills.run(topology, label, repository, errors.print if as_json else say, older=older)
    if as_json:
        print(json.dumps([one.evidence for one in found], indent=2))
    for one in () if as_json else found:
        say(f"{one.repository} {one.label or 'nothing to restore'}: {one.verdict or 'no drill'} ({one.seconds} s)")
    if any(one.fault for one in found):
        raise typer.Exit(1)


def _list(stack: str, found: list[drills.Drill], html: Path | None, *, as_json: bool) -> None:
    if html:
        with exclusively(html, "--html") as file:
            file.write(drills.page(stack, found).encode())
    if as_json:
        print(json.dumps([one.evidence for one in found], indent=2))
        return
    shown = [
        (
            one.started,
            f"{one.repository} {one.which}",
            one.label or "",
            f"{one.bytes / 1e6:.0f} MB",
            f"{one.seconds:.1f} s",
            one.verdict,
        )
        for one in found
    ]
    table(f"Stack {stack}: drills", ("began", "of", "backup", "size", "took", "verdict"), shown)


def extract(
    stack: Stack,
    database: Annotated[str, typer.Option(help="One of the database's databases.")],
    at: Moment = None,
    label: Label = None,
    tables: Annotated[list[str] | None, typer.Option("--table", help="Only these, as pg_dump takes names.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write to this file, which must not exist; else print.")] = None,
) -> None:
    """Print a database, or tables of it, as they were at a moment, as SQL: a backup is restored beside the repository,
    its log replayed up to there. Touches no member of the database."""
    if bool(at) == bool(label):
        raise typer.BadParameter("say when: either --time or --set")
    when = planning.wanted(at=at, set=label)
    command = ["backup-extract", f"--database={database}", *when, *(f"--table={table}" for table in tables or ())]
    with told():
        topology = load_stack(ROOT, stack)
        if output is None:
            follow(topology, command, sys.stdout.buffer.write, errors.print)
            return
        with exclusively(output, "--output") as file:
            follow(topology, command, file.write, errors.print)


def restore(  # noqa: PLR0913, PLR0917  the terminal's options
    stack: Stack,
    at: Moment = None,
    lsn: Annotated[str | None, typer.Option(help="Up to this position of the log, for instance 0/5000060.")] = None,
    name: Annotated[str | None, typer.Option(help="Up to this pg_create_restore_point; with --set.")] = None,
    label: Label = None,
    latest: Annotated[bool, typer.Option("--latest", help="Up to the end of what is archived.")] = False,
    timeline: Annotated[int | None, typer.Option(help="On another timeline than the newest.")] = None,
    repository: Repository = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done, and what be lost.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring the whole database back to what it was: every member stops, one is restored, the others follow it. Tells
    first what will be lost, and asks. Exits with 2 when refused, 1 when failed."""
    if sum(map(bool, (at, lsn, name, latest))) + (label is not None and not (at or lsn or name)) != 1:
        raise typer.BadParameter("say until when: one of --time, --lsn, --name with --set, --set, --latest")
    given = {"lsn": lsn, "name": name, "set": label, "timeline": timeline, "repository": repository}
    wanted = planning.wanted(at=at, latest=latest, **given)
    with told(), refused():
        topology = load_stack(ROOT, stack)
        planned = planning.prepare(topology, wanted, errors.print if as_json else say)
        for line in () if as_json else planning.told(planned, at, datetime.now(UTC)):
            say(line)
        if dry_run:
            if as_json:
                facts(dataclasses.asdict(planned), as_json=True)
            return
        if not yes and typer.prompt(f"Write the stack's name to restore its database ({stack})") != stack:
            raise typer.Abort
        report = run_restore(topology, wanted, errors.print if as_json else say)
        facts(dataclasses.asdict(report), as_json=as_json)


@contextmanager
def exclusively(path: Path, option: str) -> Iterator[BinaryIO]:
    """A new file, for nobody else's eyes; half of one does not stay."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{option} {path}: {error.strerror}; name a new file") from None
    with os.fdopen(descriptor, "wb") as file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise


COMMANDS: tuple[Callable[..., None], ...] = (backup, backups, drill, extract, restore)
