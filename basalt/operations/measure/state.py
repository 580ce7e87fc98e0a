"""What Pulumi and the stack file tell."""

import json
import stat
from pathlib import Path
from typing import Any

from basalt import yaml
from basalt.checklist.facts import State
from basalt.checklist.row import Unasked
from basalt.operations import engines, pulumi
from basalt.operations.environment import ROOT, backend, environment
from basalt.topology.load import stack_path


def state(stack: str) -> State | Unasked:
    """Pulumi's state, and what guards it."""
    try:
        deployment: dict[str, Any] = json.loads(pulumi.capture("stack", "export", stack=stack))["deployment"]
    except pulumi.PulumiError as error:
        return Unasked(str(error))
    passphrase = environment().get("PULUMI_CONFIG_PASSPHRASE_FILE", "")
    return State(
        ids=frozenset(str(resource.get("id")) for resource in deployment.get("resources") or ()),
        pending=tuple(str(one["resource"]["urn"]) for one in deployment.get("pending_operations") or ()),
        place=backend(),
        passphrase=passphrase,
        readable=bool(passphrase) and _readable(Path(passphrase)),
    )


def _readable(path: Path) -> bool:
    """Whether others than its owner may read a file."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def clear(stack: str) -> tuple[str, ...]:
    """Names of the stack file's secrets that are not encrypted."""
    config = yaml.load(stack_path(ROOT, stack).read_text())["config"]
    own = {"basalt:seed": config.get("basalt:seed"), engines.KEY: (config.get(engines.CONFIG) or {}).get("key")}
    secrets = {**own, **(config.get("basalt:secrets") or {})}
    return tuple(sorted(name for name, value in secrets.items() if value is not None and not _encrypted(value)))


def _encrypted(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def drift(stack: str) -> str | Unasked:
    """What a preview, after a look at the engines, would change; "" for nothing. Takes as long as an `up`."""
    try:
        told = pulumi.capture("preview", "--refresh", "--json", stack=stack)
        changes: dict[str, int] = json.loads(told)["changeSummary"]
    except pulumi.PulumiError as error:
        return Unasked(str(error))
    return ", ".join(f"{number} to {kind}" for kind, number in sorted(changes.items()) if kind != "same")
