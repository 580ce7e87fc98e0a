"""`basalt restore-silences`: those that people had set and that are not there are set again, by the program beside the
repositories, which reaches Alertmanager. It ends none."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from basalt.operations.keepsakes.catalogue import Kept
from basalt.operations.repository import ask
from basalt.topology.model import Topology


def lacking(topology: Topology, kept: Kept, *, sets: bool = False) -> list[dict[str, Any]]:
    """Those that are kept and not there; with `sets` they are, now. Raises BackupsError, EngineError."""
    command = ["backup-keep", f"--give-back={kept.kind}", f"--set={kept.label}", f"--repository={kept.repository}"]
    found: list[dict[str, Any]] = json.loads(ask(topology, command if sets else [*command, "--dry-run"]))
    return found


def told(kept: Kept, silences: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What will be done, in sentences."""
    found = list(silences)
    if not found:
        yield f"of the silences of {kept.at} in {kept.repository} none is lacking"
        return
    of = f"of the silences of {kept.at} in {kept.repository}"
    yield f"{of} {len(found)} are set again; nobody is told of what they mute:"
    for one in found:
        muted = " ".join(f"{each['name']}{_sign(each)}{each['value']}" for each in one["matchers"])
        yield f"  {muted} until {one['endsAt']} ({one['createdBy']}: {one['comment']})"


def _sign(matcher: dict[str, Any]) -> str:
    """As Alertmanager writes them; `isEqual` came later than the rest, and may be missing."""
    signs = {(True, False): "=", (True, True): "=~", (False, False): "!=", (False, True): "!~"}
    return signs[matcher.get("isEqual", True), matcher["isRegex"]]
