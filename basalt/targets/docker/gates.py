"""Points in the graph that wait: for containers to be healthy, for a task to have ended well, for what follows it, for
what comes before a change. As with files, what acts is imported where it acts."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult
from pulumi.runtime import rpc

from basalt.targets.acting import LOADING
from basalt.workload import Settle

#: The exit code of a command that has changed nothing and may be repeated, and the seconds until then.
_REFUSED, _AGAIN = 2, 3.0
#: Seconds within which the engine looks at a changed container by itself: a member that answers at once may not have
#: caught up with the others yet, and the next of them waits for this one.
_SETTLING = 15


class _HealthyProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        if props["on_create"]:
            _wait_healthy(_seen(props))
        return CreateResult(_seen(props)["containers"][0]["name"], props)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        if not news["before"] or _runs(json.loads(news["before"])):
            _wait_healthy(_seen(news), patience=_SETTLING)
        return UpdateResult(news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=_seen(olds)["containers"] != _seen(news)["containers"])


def _seen(props: dict[str, Any]) -> dict[str, Any]:
    """With its containers, which are carried as one string, as parts, which earlier states have. In a preview they may
    not be known."""
    told = props["containers"]
    return {**props, "containers": json.loads(told)} if isinstance(told, str) and told != rpc.UNKNOWN else props


class _CompletedProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        self._wait(props)
        return CreateResult(props["container"]["name"], props)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        self._wait(news)
        return UpdateResult(news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=olds.get("container") != news.get("container"))

    @staticmethod
    def _wait(props: dict[str, Any]) -> None:
        with LOADING:
            from basalt.targets.docker.waiting import wait_completed

        wait_completed(props["container"]["engine"], props["container"]["name"], props["seconds"])


class _SettledProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        if not _said(props["task"], props["unless"]):
            self._settle(props)
        return CreateResult(props["stack"], props)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        self._settle(news)
        return UpdateResult(news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        changed = {key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key)}
        return DiffResult(changes=any(key.startswith("takes_") for key in changed))

    @staticmethod
    def _settle(props: dict[str, Any]) -> None:
        deadline = time.monotonic() + props["seconds"]
        while (done := _run(props)).returncode:
            if done.returncode != _REFUSED or time.monotonic() > deadline:
                raise RuntimeError(_why(done))
            time.sleep(_AGAIN)


def _said(task: dict[str, Any], line: str) -> bool:
    with LOADING:
        from basalt.targets.docker.waiting import said

    return said(task["engine"], task["name"], line)


class _GuardedProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["stack"], props)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        with LOADING:
            from basalt.targets.docker.engine import EngineError
            from basalt.targets.docker.waiting import GateError

        first = f"nothing of {', '.join(news['of'])} was changed: basalt {' '.join(news['command'])} comes first"
        try:
            _wait_healthy(news, started=True)
        except (EngineError, GateError) as error:
            raise RuntimeError(f"{first}, and {error}") from error
        if (done := _run(news)).returncode:
            raise RuntimeError(f"{first}, and failed\n{_why(done)}")
        return UpdateResult(news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=olds.get("made_of") != news["made_of"])


def _wait_healthy(props: dict[str, Any], *, started: bool = False, patience: int = 0) -> None:
    """As `waiting.wait_healthy`, on each engine."""
    with LOADING:
        from basalt.targets.docker.waiting import wait_healthy

    deadline = time.monotonic() + props["seconds"]
    engines = {container["engine"]["url"]: container["engine"] for container in props["containers"]}
    for url, engine in engines.items():
        names = [c["name"] for c in props["containers"] if c["engine"]["url"] == url]
        wait_healthy(engine, names, max(1.0, deadline - time.monotonic()), started=started, patience=patience)


def _runs(containers: list[dict[str, Any]]) -> bool:
    """Whether any of them does."""
    with LOADING:
        from basalt.targets.docker.waiting import runs

    return any(runs(container["engine"], container["name"]) for container in containers)


def _run(props: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    """`command` as basalt's, for the stack."""
    command = [sys.executable, "-m", "basalt", *props["command"], "--stack", props["stack"]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _why(done: "subprocess.CompletedProcess[str]") -> str:
    """What a command that failed said last."""
    return f"{' '.join(done.args[2:])}: {(done.stderr or done.stdout).strip()[-2000:]}"


class Healthy(Resource, module="basalt", name="Healthy"):
    """All these containers are healthy. `containers`: {name, id, engine} each; a changed id waits again. With
    `on_create` false the first creation does not wait: members of a quorum start together, and roll one by one.
    `before`: {name, engine} of those that are replaced next. Where none of them runs nobody waits either: an `up` that
    was interrupted left them out, and it may be them that those before need to become healthy."""

    def __init__(
        self,
        name: str,
        containers: list[dict[str, Any]],
        seconds: int,
        opts: pulumi.ResourceOptions | None = None,
        *,
        on_create: bool,
        before: Sequence[dict[str, Any]] = (),
    ) -> None:
        ids = pulumi.Output.all(*(container["id"] for container in containers))
        told = ids.apply(lambda known: json.dumps([{**c, "id": i} for c, i in zip(containers, known, strict=True)]))
        inputs = {
            "containers": told,
            "on_create": on_create,
            "seconds": seconds,
            "before": json.dumps(before) if before else "",
        }
        super().__init__(_HealthyProvider(), name, inputs, opts)


class Settled(Resource, module="basalt", name="Settled"):
    """What follows a task (`basalt.workload.Settle`), whose container is `task`: {name, engine}. Every key of
    `parameters` is a property: so a preview tells what takes a reload from what takes a restart."""

    def __init__(
        self,
        name: str,
        task: dict[str, Any],
        settle: Settle,
        stack: str,
        seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        told = {"stack": stack, "command": list(settle.command), "task": task, "unless": settle.unless}
        inputs = {**told, "seconds": seconds, **settle.parameters}
        super().__init__(_SettledProvider(), name, inputs, opts)


@dataclass(frozen=True)
class GuardedArgs:
    """`containers`: {name, engine} of those that `command` needs healthy, within `seconds`. `made_of`: what is told of
    each workload of the services `of` (`wanted.made_of`)."""

    stack: str
    command: list[str]
    of: list[str]
    containers: list[dict[str, Any]]
    made_of: pulumi.Input[dict[str, str]]
    seconds: int


class Guarded(Resource, module="basalt", name="Guarded"):
    """What comes before services are changed (`basalt.workload.Guard`): a preview tells by `made_of` for whose sake."""

    def __init__(self, name: str, args: GuardedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(_GuardedProvider(), name, {**vars(args)}, opts)


class Completed(Resource, module="basalt", name="Completed"):
    """A task's container has ended with 0. `container`: {name, id, engine}."""

    def __init__(
        self, name: str, container: dict[str, Any], seconds: int, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_CompletedProvider(), name, {"container": container, "seconds": seconds}, opts)
