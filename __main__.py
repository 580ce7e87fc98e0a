"""`pulumi up` runs this: load the stack file, plan, apply, export."""

import gc

# A run ends within seconds, and looking for garbage among its objects took 40 % of them (bench/planning.py).
gc.disable()

import asyncio
import atexit
from collections.abc import Iterable

import pulumi

from basalt.collect.faults import FolderError
from basalt.targets.apply import apply
from basalt.targets.secrets import load_secrets
from basalt.topology.load import load
from basalt.topology.problem import StackError

# The interpreter looks once more when it ends, whatever was said before; what is frozen it leaves alone.
atexit.register(gc.freeze)
# The SDK tells the engine four lines about every resource, each in a call that blocks: a seventh of a run in which
# nothing changes. `pulumi up --debug` does without them; `-v=9 --logtostderr` tells the same from the engine.
pulumi.log.debug = lambda *_args, **_options: None


async def main() -> dict[str, object]:
    config = pulumi.Config("basalt")
    given: Iterable[str] = config.get_object("secrets") or {}
    try:
        topology = load(pulumi.get_stack(), config.require_object("topology"), given, f"stack {pulumi.get_stack()}")
        outputs = await apply(topology, load_secrets(config))
    except (StackError, FolderError) as error:
        raise pulumi.RunError(str(error)) from None
    # The SDK's own wait looks at all that is pending each time one is done (runtime/stack.py): quadratic.
    await asyncio.gather(*(pulumi.Output.from_input(value).future() for value in outputs.values()))
    return outputs


pulumi.run(main)
