"""What follows a task, and what comes before a change, by real commands."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.runtime import rpc

from basalt.targets.docker import waiting
from basalt.targets.docker.gates import _GuardedProvider, _HealthyProvider, _SettledProvider

pytestmark = pytest.mark.slow

PROPS = {"stack": "dev", "seconds": 30, "takes_restart": {"max_connections": "100"}, "takes_reload": {}}


def test_a_command_that_fails_ends_it_with_its_message() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)basalt plan --stack nope: .*no such file"):
        _SettledProvider().update("dev", {}, {**PROPS, "command": ["plan"], "stack": "nope"})


def test_a_command_that_succeeds_settles() -> None:
    assert _SettledProvider().update("dev", {}, {**PROPS, "command": ["plan"]}).outs == {**PROPS, "command": ["plan"]}


def test_a_refusal_is_repeated_until_the_time_is_over() -> None:
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="No such option"):  # typer's exit code for it is 2 as well
        _SettledProvider().update("dev", {}, {**PROPS, "command": ["plan", "--nope"], "seconds": 1})
    assert time.monotonic() - began > 1


@pytest.mark.parametrize(
    ("key", "value"), [("takes_restart", {"max_connections": "200"}), ("takes_reload", {"a": "b"})]
)
def test_a_changed_parameter_settles_again(key: str, value: object) -> None:
    olds = {**PROPS, "command": ["restart"]}
    assert _SettledProvider().diff("dev", olds, {**olds, key: value}).changes
    assert not _SettledProvider().diff("dev", olds, {**olds, "seconds": 5}).changes


def test_another_container_is_waited_for_and_the_same_one_is_not() -> None:
    """Earlier states have a list."""
    one = [{"name": "a", "engine": {"url": "u", "certificates": ""}, "id": "1"}]
    olds, news = {"containers": one}, {"containers": json.dumps(one)}
    assert not _HealthyProvider().diff("a", olds, news).changes
    assert not _HealthyProvider().diff("a", news, news).changes
    for other in (json.dumps([{**one[0], "id": "2"}]), rpc.UNKNOWN):
        assert _HealthyProvider().diff("a", olds, {"containers": other}).changes
    assert _HealthyProvider().create({**news, "on_create": False}).id == "a"


GUARDED: dict[str, Any] = {
    "stack": "dev",
    "command": ["plan"],
    "of": ["app"],
    "containers": [{"name": "dev-backup-1", "engine": {"url": "unix:///engine", "certificates": ""}}],
    "made_of": {"api": "0123456789abcdef"},
    "seconds": 1,
}
#: Fails when it is run: there is no such option.
WRONG = {**GUARDED, "command": ["plan", "--nope"]}


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the engine says of the container that is needed."""
    told: dict[str, Any] = {"Running": True, "Status": "running"}
    container = SimpleNamespace(
        name="dev-backup-1",
        id="1",
        attrs={"Config": {}, "State": told, "RestartCount": 0},
        logs=lambda **_: b"gone",
    )
    client = SimpleNamespace(containers=SimpleNamespace(get=lambda _name: container))
    monkeypatch.setattr(waiting, "connect", lambda _engine: client)
    return told


def test_where_nothing_is_yet_nothing_comes_first() -> None:
    assert _GuardedProvider().create(WRONG).outs == WRONG


def test_only_what_the_guarded_are_made_of_tells_that_it_comes_first() -> None:
    others = {"command": ["backup", "--full"], "containers": [], "seconds": 5}
    assert not _GuardedProvider().diff("dev", GUARDED, {**GUARDED, **others}).changes
    for made_of in ({"api": "fedcba9876543210"}, {**GUARDED["made_of"], "worker": "0123456789abcdef"}):
        assert _GuardedProvider().diff("dev", GUARDED, {**GUARDED, "made_of": made_of}).changes


@pytest.mark.usefixtures("state")
def test_what_comes_first_has_ended_well() -> None:
    assert _GuardedProvider().update("dev", {}, GUARDED).outs == GUARDED


@pytest.mark.usefixtures("state")
def test_what_comes_first_and_fails_ends_it_at_once() -> None:
    told = r"(?s)^nothing of app was changed: basalt plan --nope comes first, and failed\nbasalt plan .*No such option"
    with pytest.raises(RuntimeError, match=told):
        _GuardedProvider().update("dev", {}, WRONG)


def test_nobody_waits_for_what_was_stopped(state: dict[str, Any]) -> None:
    state.update(Running=False, Status="exited")
    began = time.monotonic()
    with pytest.raises(RuntimeError, match=r"basalt plan comes first, and dev-backup-1 was stopped; start it: docker"):
        _GuardedProvider().update("dev", {}, {**GUARDED, "seconds": 60})
    assert time.monotonic() - began < 10


def test_what_crashed_is_waited_for(state: dict[str, Any]) -> None:
    state.update(Running=False, Status="restarting")
    with pytest.raises(RuntimeError, match="dev-backup-1 is not healthy after 1 s"):
        _GuardedProvider().update("dev", {}, GUARDED)
