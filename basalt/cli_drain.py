"""`basalt drain`, `undrain`: a host is emptied before it is booted or repaired, and filled again."""

import dataclasses
from collections.abc import Callable
from typing import Annotated

import typer

from basalt.operations.drain import back
from basalt.operations.drain import run as draining
from basalt.operations.environment import ROOT
from basalt.terminal import AsJson, Stack, Yes, errors, facts, refused, say, told
from basalt.topology.load import load_stack

Host = Annotated[str, typer.Argument(help="As the stack file calls it.")]


def drain(  # noqa: PLR0913, PLR0917  the terminal's options
    stack: Stack,
    host: Host,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that a transaction may be open already.")] = 5.0,
    silence: Annotated[
        float,
        typer.Option(min=0, max=10080, help="Minutes for which alerts about the host are not told; undrain ends it."),
    ] = 60.0,
    outage: Annotated[bool, typer.Option("--outage", help="Also where the host alone does what users need.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say whether it could be done, and what stops.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Stop in order what a host carries, after its database was handed over; others serve meanwhile. Exits with 2 when
    refused, 1 when failed. `undrain` takes it back; so does a start of the engine."""
    with told(), refused():
        topology = load_stack(ROOT, stack)
        if dry_run:
            found = draining.prepare(topology, host, outage=outage)
            facts({"host": host, "stops": found.names, "away": found.away}, as_json=as_json)
            return
        if not yes and not topology.environment.tolerates_one_host:
            typer.confirm(f"Stop all that {host} of stack {stack} carries?", abort=True)
        report = draining.drain(topology, host, wait, silence, errors.print if as_json else say, outage=outage)
        facts(dataclasses.asdict(report), as_json=as_json)


def undrain(stack: Stack, host: Host, as_json: AsJson = False) -> None:
    """Start what a host should carry, and wait until all of the stack is well, every member of the database among it.
    Exits with 2 when refused, 1 when something is not well in time."""
    with told(), refused():
        facts(
            dataclasses.asdict(back.undrain(load_stack(ROOT, stack), host, errors.print if as_json else say)),
            as_json=as_json,
        )


COMMANDS: tuple[Callable[..., None], ...] = (drain, undrain)
