"""The whole program under Pulumi's mocks: which resources it would make, with which inputs."""

import asyncio
import atexit
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockMonitor

from basalt.plan import plan
from basalt.targets.apply import apply
from basalt.targets.secrets import Secrets
from basalt.topology.model import Topology


@dataclass(frozen=True)
class Made:
    """One registered resource."""

    type: str
    name: str
    inputs: dict[str, Any]


@dataclass
class Recorder(pulumi.runtime.Mocks):
    """Answers every registration with its own inputs and a made-up id."""

    made: list[Made] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Notes it. Authorities and files get the outputs that their provider would compute."""
        self.made.append(Made(args.typ, args.name, dict(args.inputs)))
        computed: dict[str, Any] = {}
        if args.typ.endswith(":Authority"):
            computed = {"certificate": "PEM", "key": "PEM"}
        if args.typ.endswith(":Files"):
            computed = {"ends": dict.fromkeys(json.loads(args.inputs["certificates"]), "2100-01-01T00:00:00+00:00")}
        return f"{args.name}-id", {**args.inputs, **computed}

    def call(self, _args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """No function is called."""
        return {}, None


class Monitor(MockMonitor):
    """Notes what each resource waits for, which mocks are not told."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.waits: dict[str, set[str]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the base class's name
        """Names, out of `urn:pulumi:<stack>::<project>::<type>::<name>`."""
        self.waits[request.name] = {urn.rpartition("::")[2] for urn in request.dependencies}
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def program(topology: Topology) -> list[Made]:
    """Runs the program for a topology and returns what it registered."""
    recorder = Recorder()
    _run(topology, Monitor(recorder))
    return recorder.made


def waits(topology: Topology) -> dict[str, set[str]]:
    """Resource -> all that must be there before it, by name."""
    monitor = Monitor(Recorder())
    _run(topology, monitor)

    @cache
    def before(name: str) -> frozenset[str]:
        direct = monitor.waits.get(name, set())
        return frozenset(direct).union(*map(before, direct))

    return {name: set(before(name)) for name in monitor.waits}


def _run(topology: Topology, monitor: Monitor) -> None:
    # Mocks are bound to a loop; another test may have closed the one there was.
    asyncio.set_event_loop(_loop())
    stack = topology.name
    pulumi.runtime.set_mocks(monitor.mocks, project="basalt", stack=stack, preview=True, monitor=monitor)

    def deploy() -> pulumi.Output[dict[str, object]]:
        seed = pulumi.Output.secret("00" * 32)
        given = pulumi.Output.secret(dict.fromkeys(_given(topology), "given"))
        return pulumi.Output.from_input(apply(topology, Secrets(seed, given)))

    pulumi.runtime.test(deploy)()  # type: ignore[no-untyped-call]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


def _given(topology: Topology) -> set[str]:
    found = plan(topology).planned
    names = {ref.name for planned in found for file in planned.files for ref in file.secrets}
    return {name.removeprefix("given/") for name in names if name.startswith("given/")}
