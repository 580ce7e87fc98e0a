"""`basalt hosts`: a playbook of `ansible/playbooks` over a stack's hosts."""

import os
from typing import NoReturn

from basalt.operations.environment import ROOT, environment
from basalt.topology.load import load_stack

_PLAYBOOKS = ROOT / "ansible" / "playbooks"


class PlaybookError(Exception):
    """A playbook that does not exist."""


def playbooks() -> list[str]:
    """Their names. What several share is no playbook of its own, and begins with an underscore."""
    return sorted(path.stem for path in _PLAYBOOKS.glob("[!_]*.yml"))


def command(stack: str, playbook: str, arguments: list[str]) -> list[str]:
    """The call of ansible-playbook. PlaybookError names those that there are."""
    if playbook not in playbooks():
        raise PlaybookError(f"there is no playbook {playbook}; choose one of {', '.join(playbooks())}")
    inventory = ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    return ["ansible-playbook", "--inventory", str(inventory), str(_PLAYBOOKS / f"{playbook}.yml"), *arguments]


def play(stack: str, playbook: str, arguments: list[str]) -> NoReturn:
    """This process becomes ansible-playbook, so that a signal to it ends the run. A wrong stack file is a StackError,
    before Ansible starts."""
    load_stack(ROOT, stack)
    words = command(stack, playbook, arguments)
    os.execvpe(words[0], words, environment())  # noqa: S606  no shell is wanted
