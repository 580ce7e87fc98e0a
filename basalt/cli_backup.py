"""`basalt backups`, `drill`, `extract`: what could be restored, the proof that it can, and what was in it."""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from basalt.operations import backups as catalogue
from basalt.operations import drill as drills
from basalt.operations.environment import ROOT
from basalt.operations.repository import follow
from basalt.terminal import AsJson, Stack, errors, say, table, told
from basalt.topology.load import load_stack

#: Of moments; all UTC.
_TIMES = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f"]


def backups(stack: Stack, as_json: AsJson = False) -> None:
    """List the backups, each with the reason why it stays, or that it goes with the next run. Touches nothing."""
    with told():
        found = catalogue.rows(load_stack(ROOT, stack))
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in found], indent=2))
        return
    shown = [(row.label, row.at, "; ".join(row.why) if row.kept else "goes") for row in found]
    table(f"Stack {stack}: backups", ("backup", "ended", "stays, because"), shown)


def drill(
    stack: Stack,
    label: Annotated[str | None, typer.Option("--set", help="This backup (basalt backups); else the newest.")] = None,
    older: Annotated[bool, typer.Option("--older", help="Not the newest, but any other.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Only tell of earlier drills.")] = False,
    html: Annotated[Path | None, typer.Option(help="With --list: a page with a chart, into this new file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a throw-away database beside the repository, replay its log to a point of chance, and look
    at every table, B-tree and page. Touches no member of the database. Exits with 1 when it finds a fault."""
    if label and older:
        raise typer.BadParameter("--set names a backup, --older leaves it to chance: give one of them")
    with told():
        topology = load_stack(ROOT, stack)
        if listed or html:
            _list(stack, drills.kept(topology), html, as_json=as_json)
            return
        found = drills.run(topology, label, errors.print if as_json else say, older=older)
    if as_json:
        print(json.dumps(found.evidence, indent=2))
    else:
        say(f"{found.label or 'nothing to restore'}: {found.verdict or 'no drill'} ({found.seconds} s)")
    if found.fault:
        raise typer.Exit(1)


def _list(stack: str, found: list[drills.Drill], html: Path | None, *, as_json: bool) -> None:
    if html:
        with exclusively(html, "--html") as file:
            file.write(drills.page(stack, found).encode())
    if as_json:
        print(json.dumps([one.evidence for one in found], indent=2))
        return
    shown = [
        (one.started, one.which, one.label or "", f"{one.bytes / 1e6:.0f} MB", f"{one.seconds:.1f} s", one.verdict)
        for one in found
    ]
    table(f"Stack {stack}: drills", ("began", "of", "backup", "size", "took", "verdict"), shown)


def extract(
    stack: Stack,
    database: Annotated[str, typer.Option(help="One of the database's databases.")],
    at: Annotated[datetime | None, typer.Option("--time", formats=_TIMES, help="As it was then, UTC.")] = None,
    label: Annotated[str | None, typer.Option("--set", help="As this backup has it (basalt backups).")] = None,
    tables: Annotated[list[str] | None, typer.Option("--table", help="Only these, as pg_dump takes names.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write to this file, which must not exist; else print.")] = None,
) -> None:
    """Print a database, or tables of it, as they were at a moment, as SQL: a backup is restored beside the repository,
    its log replayed up to there. Touches no member of the database."""
    if bool(at) == bool(label):
        raise typer.BadParameter("say when: either --time or --set")
    when = f"--time={at:%Y-%m-%dT%H:%M:%S.%f}+00:00" if at else f"--set={label}"
    command = ["backup-extract", f"--database={database}", when, *(f"--table={table}" for table in tables or ())]
    with told():
        topology = load_stack(ROOT, stack)
        if output is None:
            follow(topology, command, sys.stdout.buffer.write, errors.print)
            return
        with exclusively(output, "--output") as file:
            follow(topology, command, file.write, errors.print)


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


COMMANDS: tuple[Callable[..., None], ...] = (backups, drill, extract)
