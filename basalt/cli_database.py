"""`basalt switchover`, `restart`, `database`, `reserve`: what is done to the database of a stack that stands."""

import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from basalt.operations import database as databases
from basalt.operations import reserve as reserves
from basalt.operations.environment import ROOT
from basalt.operations.switchover import restart as rolling
from basalt.operations.switchover import run as planned
from basalt.operations.switchover.switch import SwitchError
from basalt.plan import survey
from basalt.terminal import AsJson, Stack, Yes, console, errors, facts, refused, say, table, told
from basalt.topology.load import load_stack


def switchover(
    stack: Stack,
    to: Annotated[str | None, typer.Option(help="Who takes over, for instance postgres-2; else the fittest.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that a transaction may be open already.")] = 5.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whether it could be done, and to whom.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Hand the database to another member without a statement that fails. Exits with 2 when refused, 1 when failed."""
    with told(), refused():
        topology = load_stack(ROOT, stack)
        if dry_run:
            facts(dataclasses.asdict(planned.prepare(survey(topology), to, wait)), as_json=as_json)
            return
        if not yes and not topology.environment.tolerates_one_host:
            typer.confirm(f"Hand the database of stack {stack} to another member?", abort=True)
        report = planned.switchover(topology, to, wait, errors.print if as_json else say)
        facts(dataclasses.asdict(report), as_json=as_json)
        if report.whole is None:
            raise SwitchError(f"{report.former} does not follow after {planned.WHOLE:.0f} s; see: patronictl list")


def restart(
    stack: Stack,
    everybody: Annotated[bool, typer.Option("--all", help="Also members whose parameters need no restart.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that a transaction may be open already.")] = 5.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say who would be restarted, in order.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Restart members of the database whose parameters need it: replicas first, and the leader after it handed over.
    Exits with 2 when refused, 1 when failed."""
    with told(), refused():
        topology = load_stack(ROOT, stack)
        if dry_run:
            facts({"members": rolling.prepare(survey(topology), everybody=everybody)}, as_json=as_json)
            return
        if not yes and not topology.environment.tolerates_one_host:
            typer.confirm(f"Restart the members of the database of stack {stack}, one after the other?", abort=True)
        done = rolling.restart(topology, wait, errors.print if as_json else say, everybody=everybody)
        if done.members:  # what waited for it, as an extension does for its library
            databases.run(topology, databases.Action.APPLY, errors.print if as_json else say)
        facts(dataclasses.asdict(done), as_json=as_json)


def database(
    action: Annotated[databases.Action, typer.Argument(help="`diff` only tells; `apply` does what is missing.")],
    stack: Stack,
) -> None:
    """Compare the live database with the stack file. `diff` exits with 2 when something differs."""
    with told():
        sys.exit(databases.run(load_stack(ROOT, stack), action, console.out))


def reserve(
    action: Annotated[reserves.Action, typer.Argument(help="`release` gives it away, `keep` puts it back.")],
    stack: Stack,
    member: Annotated[list[str] | None, typer.Option(help="For instance postgres-2, also several; else all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Room that each member of the database keeps for the day when its disk is full. `release` it then, mend what fills
    the disk, and `keep` it again. Exits with 1 where a member could not do it."""
    with told():
        missed: list[str] = []

        def miss(line: str) -> None:
            missed.append(line)
            errors.print(line, style="red", markup=False, highlight=False)

        found = reserves.run(load_stack(ROOT, stack), action, member or [], miss)
        if as_json:
            print(json.dumps([dataclasses.asdict(room) for room in found], indent=2))
        elif found:
            rows = [(room.member, f"{room.reserve} MiB", f"{room.free} MiB") for room in found]
            table("Reserve", ("member", "keeps", "free beside it"), rows)
        if missed:
            sys.exit(1)


COMMANDS: tuple[Callable[..., None], ...] = (switchover, restart, database, reserve)
