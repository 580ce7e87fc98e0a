"""`basalt hosts` hands playbooks to Ansible, and keeps the machine that it runs on out of them."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from basalt.cli import app
from basalt.operations.environment import ROOT, environment
from basalt.operations.hosts import command, playbooks


def hosts(*arguments: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-m", "basalt", "hosts", *arguments]
    return subprocess.run(words, cwd=ROOT, text=True, capture_output=True, check=False)


def test_options_that_are_not_basalt_s_reach_ansible() -> None:
    words = command("prod-iad", "harden", ["--check", "--limit", "data-1"])
    assert words[0] == "ansible-playbook"
    assert words[-3:] == ["--check", "--limit", "data-1"]
    assert f"{ROOT}/stacks/Pulumi.prod-iad.yaml" in words


@pytest.mark.slow
def test_every_playbook_can_be_run() -> None:
    assert {"harden", "site", "verify"} <= set(playbooks())
    first, *others = (command("prod-iad", name, []) for name in playbooks())
    # All in one call: each takes a second to begin.
    words = [*first, *(other[-1] for other in others), "--syntax-check"]
    done = subprocess.run(words, env=environment(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("playbook: ") == len(playbooks())


@pytest.mark.parametrize(("playbook", "stack"), [("sight", "dev"), ("site", "nowhere")])
def test_a_playbook_or_stack_that_is_not_there_is_told(playbook: str, stack: str) -> None:
    done = CliRunner().invoke(app, ["hosts", playbook, "--stack", stack])
    assert done.exit_code == 1
    assert f"{playbook if stack == 'dev' else stack}" in done.output


@pytest.mark.slow
@pytest.mark.parametrize("playbook", ["site", "harden"])
def test_the_machine_that_basalt_runs_on_is_left_alone_unless_it_is_asked_for(playbook: str) -> None:
    done = hosts(playbook, "--stack", "dev", "--check")
    assert done.returncode == 2
    assert "local is this machine" in done.stdout
    assert "changed=0" in done.stdout
