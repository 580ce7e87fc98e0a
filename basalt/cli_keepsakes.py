"""`basalt restore-redis`, `restore-dump`, `restore-silences`: what is kept beside backups is brought back."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from basalt.operations.environment import ROOT
from basalt.operations.keepsakes import catalogue
from basalt.operations.keepsakes import dump as dumps
from basalt.operations.keepsakes import redis as keys
from basalt.operations.keepsakes import silences as muting
from basalt.services.backup.keepsakes import DUMP, SILENCES
from basalt.terminal import AsJson, Repository, Stack, Yes, errors, facts, refused, say, told
from basalt.topology.load import load_stack

Label = Annotated[str | None, typer.Option("--set", help="Of this moment (basalt backups); else the newest.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done, and what be lost.")]


def restore_redis(
    stack: Stack,
    label: Label = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make the keys of Redis again what they were: the master begins with what is kept, the others copy it. Tells first
    what will be lost, and asks. Exits with 2 when refused, 1 when failed."""
    with told(), refused():
        topology = load_stack(ROOT, stack)
        members = keys.look(topology)
        kept = catalogue.find(topology, "redis", label, repository)
        for line in () if as_json else keys.told(kept, members, datetime.now(UTC)):
            say(line)
        if dry_run:
            if as_json:
                facts(dataclasses.asdict(kept) | {"member": members.first}, as_json=True)
            return
        consent(stack, "Redis", yes=yes)
        report = keys.restore(topology, kept, errors.print if as_json else say)
        facts(dataclasses.asdict(report), as_json=as_json)


def restore_dump(  # noqa: PLR0913, PLR0917  the terminal's options
    stack: Stack,
    database: Annotated[str, typer.Option(help="One of services.backup.keepsakes.dumps.")],
    label: Label = None,
    into: Annotated[str | None, typer.Option(help="What the new one is called; else by its moment.")] = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make a new database of a logical dump, beside the one that it is of, which stays as it is. Tells first what will
    be done, and asks. Exits with 2 when refused, 1 when failed."""
    if into and not dumps.NAME.fullmatch(into):
        raise typer.BadParameter(f"--into {into}: a-z, 0-9 and _ make a name")
    with told(), refused():
        topology = load_stack(ROOT, stack)
        kept = catalogue.find(topology, f"{DUMP}{database}", label, repository)
        new = into or dumps.into(database, kept)
        for line in () if as_json else dumps.told(kept, database, new):
            say(line)
        if dry_run:
            if as_json:
                facts(dataclasses.asdict(kept) | {"database": new}, as_json=True)
            return
        consent(stack, "dump", yes=yes)
        report = dumps.restore(topology, kept, database, new, errors.print if as_json else say)
        facts(dataclasses.asdict(report), as_json=as_json)


def restore_silences(
    stack: Stack,
    label: Label = None,
    repository: Repository = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set Alertmanager's silences again that people had set and that are gone; it ends none. Tells first which, and
    asks."""
    with told():
        topology = load_stack(ROOT, stack)
        kept = catalogue.find(topology, SILENCES, label, repository)
        found = muting.lacking(topology, kept)
        for line in () if as_json else muting.told(kept, found):
            say(line)
        if found and not dry_run:
            consent(stack, "silences", yes=yes)
            found = muting.lacking(topology, kept, sets=True)
        if as_json:
            print(json.dumps(found, indent=2))


def consent(stack: str, what: str, *, yes: bool) -> None:
    """What cannot be undone is done on the stack's name alone."""
    if not yes and typer.prompt(f"Write the stack's name to restore its {what} ({stack})") != stack:
        raise typer.Abort


COMMANDS: tuple[Callable[..., None], ...] = (restore_redis, restore_dump, restore_silences)
