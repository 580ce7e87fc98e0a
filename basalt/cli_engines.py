"""`basalt engine-access`, `engine-certificate`: who may speak to a stack's tcp engines."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from basalt.operations import engines
from basalt.terminal import Stack, say, told

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell.")]


def engine_access(stack: Stack, dry_run: DryRun = False) -> None:
    """Make what opens the stack's tcp engines from this clone, where it is missing or a third of its life is left.
    `basalt hosts site` does so too."""
    with told():
        made = engines.access(stack, dry_run=dry_run)
        say(f"{'would be made' if dry_run else 'made'}" if made else "there already")


def engine_certificate(
    stack: Stack, host: Annotated[str, typer.Argument(help="As the stack file calls it.")], dry_run: DryRun = False
) -> None:
    """Print the certificate of a host's engine, for the request of its key that comes in by standard input; with the
    certificate that it has, that one where a third of its life is left. `basalt hosts site` asks so."""
    with told():
        print(engines.certificate(stack, host, sys.stdin.read(), dry_run=dry_run), end="")


COMMANDS: tuple[Callable[..., None], ...] = (engine_access, engine_certificate)
