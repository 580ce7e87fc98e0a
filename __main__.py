"""`pulumi up` runs this: load the stack file, plan, apply, export."""

import gc
from collections.abc import Iterable

import pulumi

from basalt.plan import plan
from basalt.targets import apply
from basalt.targets.secrets import load_secrets
from basalt.topology.load import load
from basalt.topology.problem import StackError

# A run ends within seconds, and looking for garbage among its objects took 40 % of them (bench/planning.py).
gc.disable()
config = pulumi.Config("basalt")
given: Iterable[str] = config.get_object("secrets") or {}
try:
    topology = load(pulumi.get_stack(), config.require_object("topology"), given, f"stack {pulumi.get_stack()}")
except StackError as error:
    raise pulumi.RunError(str(error)) from None
for name, value in apply(plan(topology), load_secrets(config)).items():
    pulumi.export(name, value)
