"""Calls of the `pulumi` command, for one stack."""

import json
import subprocess
import sys
from typing import Any

from basalt.operations.environment import ROOT, environment


class PulumiError(Exception):
    """A `pulumi` command that failed; it has printed why, or the message says it."""


def run(*arguments: str, stack: str, ask: bool = False, aside: bool = False) -> None:
    """Shows what it prints, `aside` on error output; with `ask`, lets it ask. Raises PulumiError."""
    command = _command(arguments, stack, ask=ask)
    done = subprocess.run(command, cwd=ROOT, env=environment(), check=False, stdout=sys.stderr if aside else None)
    if done.returncode:
        raise PulumiError(f"`{' '.join(command)}` ended with {done.returncode}")


def capture(*arguments: str, stack: str, text: str | None = None) -> str:
    """What it prints to standard output. `text` goes to standard input. Raises PulumiError with its error output."""
    command = _command(arguments, stack)
    done = subprocess.run(command, cwd=ROOT, env=environment(), input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise PulumiError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _command(arguments: tuple[str, ...], stack: str, *, ask: bool = False) -> list[str]:
    return ["pulumi", *arguments, "--stack", stack, *([] if ask else ["--non-interactive"])]


def select(stack: str) -> None:
    """Makes the stack where it does not exist yet."""
    command = ["pulumi", "stack", "select", stack, "--create", "--non-interactive"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), text=True, capture_output=True, check=False)
    if done.returncode:
        raise PulumiError(f"stack {stack} could not be selected: {done.stderr.strip()}")


def resources(stack: str) -> list[dict[str, Any]]:
    """The resources of the stack's state; secrets stay encrypted."""
    deployment: dict[str, Any] = json.loads(capture("stack", "export", stack=stack))["deployment"]
    return list(deployment.get("resources") or [])
