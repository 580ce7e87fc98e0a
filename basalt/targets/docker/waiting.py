"""Waiting for containers, through the engine's API. Used inside dynamic providers and by benches; knows no Pulumi."""

import time
from typing import Any

from docker.errors import NotFound
from docker.models.containers import Container

from basalt.targets.docker.engine import connect
from basalt.targets.docker.health import well

# Seconds between two looks; the engine offers no way to wait for health. Each look is a process in the container, and
# many are waited for at once: who has waited long is looked at less often, by this share of the time that it took.
_POLL, _SHARE, _SELDOM = 0.25, 0.15, 1.5
_TAIL = 30  # lines of a failed container's log
_STOPPED = "exited"  # one that crashed is "restarting"
_NANO = 1_000_000_000
_NEVER = 1 << 30  # seconds of patience: the engine alone looks
_CRASHES = 8  # the engine doubles its pause each time: half a minute of starting and dying is no slow start


class GateError(Exception):
    """What was waited for did not come; says what the container printed."""


def _tail(container: Container) -> str:
    log: str = container.logs(tail=_TAIL).decode(errors="replace").rstrip()
    return f"the last lines of its log:\n{log}" if log else "it printed nothing"


def wait_healthy(
    engine: dict[str, Any], names: list[str], seconds: float, *, started: bool = False, patience: int = 0
) -> None:
    """Returns when every named container is running and healthy (`health.well` with this patience). GateError after
    `seconds`, or when one is gone; with `started`, also when somebody has stopped one: nothing starts it while it is
    waited for."""
    client = connect(engine)
    began = time.monotonic()
    deadline = began + seconds
    waiting = list(names)
    before: dict[str, int] = {}
    hung: set[str] = set()
    while waiting:
        try:
            sick = [one for name in waiting if not _looked(one := client.containers.get(name), patience, hung)]
        except NotFound as error:
            raise GateError(f"a container vanished while it was waited for: {error.explanation}") from error
        if crashed := [
            c
            for c in sick
            if c.attrs["RestartCount"] - before.setdefault(str(c.id), c.attrs["RestartCount"]) >= _CRASHES
        ]:
            raise GateError("\n".join(f"{c.name} starts and dies again and again; {_tail(c)}" for c in crashed))
        if started and (stopped := [str(c.name) for c in sick if c.attrs["State"]["Status"] == _STOPPED]):
            raise GateError("\n".join(f"{name} was stopped; start it: docker start {name}" for name in stopped))
        if sick and time.monotonic() > deadline:
            raise GateError("\n".join(f"{c.name} is not healthy after {seconds:.0f} s; {_tail(c)}" for c in sick))
        waiting = [str(container.name) for container in sick]
        if waiting:
            time.sleep(min(_SELDOM, max(_POLL, _SHARE * (time.monotonic() - began))))


def _looked(container: Container, patience: int, hung: set[str]) -> bool:
    """`well`. Nobody ends a look of ours that hangs, so there is no second one: the engine ends its own."""
    started = time.monotonic()
    if well(container, _NEVER if container.name in hung else patience):
        return True
    probe = container.attrs["Config"].get("Healthcheck")
    if probe and time.monotonic() - started >= probe["Timeout"] / _NANO:
        hung.add(str(container.name))
    return False


def runs(engine: dict[str, Any], name: str) -> bool:
    """Whether the container does; not where it is gone."""
    try:
        return bool(connect(engine).containers.get(name).status == "running")
    except NotFound:
        return False


def said(engine: dict[str, Any], name: str, line: str) -> bool:
    """Whether a line is the last that a container has printed; not where it is gone."""
    try:
        printed: bytes = connect(engine).containers.get(name).logs(tail=1)
    except NotFound:
        return False
    return printed.decode(errors="replace").rstrip() == line


def wait_completed(engine: dict[str, Any], name: str, seconds: float) -> None:
    """Returns when the container has ended with 0. One that had failed before is started once more, so that a repaired
    cause needs no new container. GateError otherwise."""
    container = connect(engine).containers.get(name)
    if container.attrs["State"]["Status"] == "exited" and container.attrs["State"]["ExitCode"]:
        container.start()
    code = container.wait(timeout=seconds)["StatusCode"]
    if code:
        raise GateError(f"task {name} ended with {code}; {_tail(container)}")
