"""The whole program under Pulumi's mocks: which resources it would make, with which inputs."""

import asyncio
import atexit
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pulumi

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
            computed = {"ends": dict.fromkeys(args.inputs["certificates"], "2100-01-01T00:00:00+00:00")}
        return f"{args.name}-id", {**args.inputs, **computed}

    def call(self, _args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        """No function is called."""
        return {}, None


def program(topology: Topology) -> list[Made]:
    """Runs the program for a topology and returns what it registered."""
    recorder = Recorder()
    # Mocks are bound to a loop; another test may have closed the one there was.
    asyncio.set_event_loop(_loop())
    pulumi.runtime.set_mocks(recorder, project="basalt", stack=topology.name, preview=True)

    def deploy() -> pulumi.Output[dict[str, object]]:
        seed = pulumi.Output.secret("00" * 32)
        given = pulumi.Output.secret(dict.fromkeys(_given(topology), "given"))
        return pulumi.Output.from_input(apply(topology, Secrets(seed, given)))

    pulumi.runtime.test(deploy)()  # type: ignore[no-untyped-call]
    return recorder.made


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


def _given(topology: Topology) -> set[str]:
    found = plan(topology).planned
    names = {ref.name for planned in found for file in planned.files for ref in file.secrets}
    return {name.removeprefix("given/") for name in names if name.startswith("given/")}
