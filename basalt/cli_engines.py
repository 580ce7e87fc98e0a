"""`basalt engine-access`, `engine-certificates`: who may speak to a stack's tcp engines."""

import dataclasses
import json
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


def engine_certificates(stack: Stack, dry_run: DryRun = False) -> None:
    """Print what hosts' engines get, as JSON by host: `certificate`, or `error`. Standard input has so the request of
    each key, and the certificate that there is: it is kept while a third of its life is left. `basalt hosts site` asks
    so."""
    with told():
        found = engines.certificates(stack, json.load(sys.stdin), dry_run=dry_run)
        print(json.dumps({host: dataclasses.asdict(one) for host, one in found.items()}))


COMMANDS: tuple[Callable[..., None], ...] = (engine_access, engine_certificates)
