"""Stack file -> Topology. A wrong file never loads; every problem is told at once, with path, value and remedy."""

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import YAMLError

from basalt import services, yaml
from basalt.topology.model import Host, Settings, Topology, own_certificates
from basalt.topology.problem import Problem, StackError

CONFIG_KEY = "basalt:topology"

_REMEDIES = {
    "missing": "required; add it",
    "extra_forbidden": "unknown key; remove it or correct its spelling",
}


def stack_path(root: Path, stack: str) -> Path:
    """Where the stack file of a stack is."""
    return root / "stacks" / f"Pulumi.{stack}.yaml"


def load_stack(root: Path, stack: str) -> Topology:
    """Reads `stacks/Pulumi.<stack>.yaml`. Raises StackError."""
    path = stack_path(root, stack)
    if not path.is_file():
        known = sorted(
            file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in path.parent.glob("Pulumi.*.yaml")
        )
        raise StackError(str(path), [Problem("stack", stack, f"no such file; there are: {', '.join(known) or 'none'}")])
    try:
        document = yaml.load(path.read_text())
    except YAMLError as error:
        raise StackError(str(path), [Problem("yaml", str(error), "correct the YAML syntax")]) from None
    config = (document or {}).get("config") or {}
    if not isinstance(config.get(CONFIG_KEY), dict):
        raise StackError(str(path), [Problem(CONFIG_KEY, config.get(CONFIG_KEY), "declare the topology under config")])
    return load(stack, config[CONFIG_KEY], given=config.get("basalt:secrets") or {}, source=str(path))


def load(stack: str, raw: dict[str, Any], given: Iterable[str] = (), source: str = "stack") -> Topology:
    """A topology from its raw form. `given` names the secrets that the stack's configuration brings.

    Raises StackError with every problem found: shape first, then the rules of the topology and of each service."""
    raw = _in_order(raw)
    blocks = raw.get("services")
    problems: list[Problem] = []
    settings: dict[str, Settings] = {}
    if isinstance(blocks, dict):
        for name, block in blocks.items():
            settings.update(_settings(name, block, problems))
        raw["services"] = settings or {"none": Settings()}
    try:
        topology = _certified(Topology(name=stack, **raw))
    except ValidationError as error:
        problems.extend(_translate(error))
        raise StackError(source, problems) from None
    if not problems:
        from basalt.topology.checks import check

        problems.extend(check(topology, frozenset(given)))
    if problems:
        raise StackError(source, problems)
    return topology


def _in_order(raw: Any) -> Any:
    """Mappings by key: Pulumi hands a file's keys over sorted, and where an instance is placed may not depend on who
    reads the file."""
    if isinstance(raw, dict):
        return {key: _in_order(raw[key]) for key in sorted(raw, key=str)}
    return [_in_order(item) for item in raw] if isinstance(raw, list) else raw


def _certified(topology: Topology) -> Topology:
    """With the folder of certificates for every tcp engine whose own the stack file does not name."""
    own = {"engine_certificates": own_certificates(topology.name)}

    def certified(host: Host) -> Host:
        bare = host.engine.startswith("tcp://") and not host.engine_certificates
        return host.model_copy(update=own) if bare else host

    return topology.model_copy(update={"hosts": {name: certified(host) for name, host in topology.hosts.items()}})


def _settings(name: str, block: Any, problems: list[Problem]) -> Iterator[tuple[str, Settings]]:
    path = f"services.{name}"
    if name not in services.names():
        near = difflib.get_close_matches(str(name), services.names(), 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(services.names())}"
        problems.append(Problem(path, block, f"unknown service; {hint}"))
        return
    if block is not None and not isinstance(block, dict):
        problems.append(Problem(path, block, "write a mapping of settings, or {} for the defaults"))
        return
    kind = services.settings_type(name)
    try:
        yield name, kind(**(block or {}))
    except ValidationError as error:
        problems.extend(_translate(error, path, kind))


def _translate(error: ValidationError, prefix: str = "", kind: type[Settings] = Topology) -> Iterator[Problem]:
    for fault in error.errors():
        path = ".".join(str(part) for part in (prefix, *fault["loc"]) if part != "")
        value = fault["input"] if fault["type"] != "missing" else None
        remedy = _REMEDIES.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(fault["loc"][-1]), kind.model_fields, 1)
            remedy = f"unknown key; did you mean {near[0]}?" if near else remedy
        yield Problem(path, value, remedy)
