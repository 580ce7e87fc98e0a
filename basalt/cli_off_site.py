"""`basalt bundle`, `rebuild`: what is kept away from a stack, and the stack made again out of it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from basalt.operations.environment import ROOT
from basalt.operations.off_site import access as means
from basalt.operations.off_site import rebuild as making
from basalt.operations.off_site.store import access as access_of
from basalt.operations.off_site.store import store
from basalt.terminal import AsJson, Stack, Yes, errors, facts, refused, say, told
from basalt.topology.load import load_stack


def bundle(
    stack: Stack,
    access: Annotated[
        bool, typer.Option("--access", help="Print what opens the bucket, to be kept elsewhere.")
    ] = False,
) -> None:
    """Put the stack file, its secrets encrypted, into the bucket of the stack's backups. Each `basalt up` does so."""
    with told():
        topology = load_stack(ROOT, stack)
        if access:
            print(means.write(access_of(topology)), end="")
        else:
            store(topology, say)


def rebuild(
    stack: Stack,
    access: Annotated[
        Path | None,
        typer.Option(help="What `bundle --access` printed; else this clone's stack file.", exists=True, dir_okay=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Fetch the stack file, and only tell the rest.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make a stack again of which nothing is left but its bucket; the passphrase is asked of the environment, as ever.
    Refused where any container or volume of the stack is still there. Exits with 2 when refused, 1 when failed."""
    with told(), refused():
        tell = errors.print if as_json else say
        if access:
            opened = means.read(access.read_text())
            found = making.fetch(stack, opened, tell)
            tell(f"the bundle of {found.at} holds stack {stack}, brought up by basalt {found.commit[:12] or 'unknown'}")
            making.adopt(found)
        topology = load_stack(ROOT, stack)
        opened = opened if access else access_of(topology)
        planned = making.prepare(topology, opened)
        label, ended, until = (planned[name] for name in ("label", "ended", "until"))
        tell(f"{label} (ended {ended}) is restored, and the log that came until {until}")
        keys = making.redis_keys(topology, opened)
        tell(
            f"Redis begins with its keys of {keys[0].at}"
            if keys
            else "no keys of Redis are kept there: it begins empty"
        )
        if dry_run:
            return
        if not yes and not topology.environment.tolerates_one_host:
            typer.confirm(f"Make stack {stack} of it, on {', '.join(topology.hosts)}?", abort=True)
        report = making.rebuild(topology, opened, planned, keys, tell, aside=as_json)
        facts(dataclasses.asdict(report), as_json=as_json)


COMMANDS: tuple[Callable[..., None], ...] = (bundle, rebuild)
