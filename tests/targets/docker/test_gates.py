"""What follows a task, by real commands."""

import time

import pytest

from basalt.targets.docker.gates import _SettledProvider

PROPS = {"stack": "dev", "seconds": 30, "takes_restart": {"max_connections": "100"}, "takes_reload": {}}


def test_a_command_that_fails_ends_it_with_its_message() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)basalt plan --stack nope: .*no such file"):
        _SettledProvider().create({**PROPS, "command": ["plan"], "stack": "nope"})


def test_a_command_that_succeeds_settles() -> None:
    assert _SettledProvider().create({**PROPS, "command": ["plan"]}).id == "dev"


def test_a_refusal_is_repeated_until_the_time_is_over() -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="No such option"):  # typer's exit code for it is 2 as well
        _SettledProvider().create({**PROPS, "command": ["plan", "--nope"], "seconds": 1})
    assert time.monotonic() - began > 1


@pytest.mark.parametrize(
    ("key", "value"), [("takes_restart", {"max_connections": "200"}), ("takes_reload", {"a": "b"})]
)
def test_a_changed_parameter_settles_again(key: str, value: object) -> None:
    olds = {**PROPS, "command": ["restart"]}
    assert _SettledProvider().diff("dev", olds, {**olds, key: value}).changes
    assert not _SettledProvider().diff("dev", olds, {**olds, "seconds": 5}).changes
