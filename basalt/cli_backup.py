"""`basalt backups`, `drill`: what could be restored, and the proof that it can."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from basalt.operations import backups as catalogue
from basalt.operations import drill as drills
from basalt.operations.environment import ROOT
from basalt.terminal import AsJson, Stack, errors, facts, say, table, told
from basalt.topology.load import load_stack


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
    html: Annotated[Path | None, typer.Option(help="With --list: a page with a chart, written to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a throw-away database beside the repository, replay its log to a point of chance, and look
    at every table, index and page. Touches no member of the database. Exits with 1 when the backup is not proved."""
    if label and older:
        raise typer.BadParameter("--set names a backup, --older leaves it to chance: give one of them")
    with told():
        topology = load_stack(ROOT, stack)
        if listed or html:
            _list(stack, drills.kept(topology), html, as_json=as_json)
            return
        found = drills.run(topology, label, errors.print if as_json else say, older=older)
    facts(found.evidence, as_json=as_json)
    if found.fault:
        raise typer.Exit(1)


def _list(stack: str, found: list[drills.Drill], html: Path | None, *, as_json: bool) -> None:
    if html:
        html.write_text(drills.page(stack, found))
    if as_json:
        print(json.dumps([one.evidence for one in found], indent=2))
        return
    shown = [
        (one.started, one.which, one.label or "", f"{one.bytes / 1e6:.0f} MB", f"{one.seconds:.1f} s", one.verdict)
        for one in found
    ]
    table(f"Stack {stack}: drills", ("began", "of", "backup", "size", "took", "verdict"), shown)


COMMANDS: tuple[Callable[..., None], ...] = (backups, drill)
