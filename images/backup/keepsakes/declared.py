"""What is kept, from where, and for how long: as the stack declares it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from retention.decide import Policy

_PATH = Path("/etc/basalt/keepsakes.json")


@dataclass(frozen=True, slots=True)
class Declared:
    """`due`: of each kind, how many seconds old its newest may be. The others: addresses, `host:port`."""

    due: dict[str, float]
    policy: Policy
    redis: tuple[str, ...]
    postgres: tuple[str, ...]
    alertmanager: tuple[str, ...]


def read() -> Declared:
    """As `up` has written it."""
    told = json.loads(_PATH.read_text())
    keep = told["keep"]
    policy = Policy(keep["daily"], keep["weekly"], keep["monthly"], timedelta(seconds=keep["floor_seconds"]))
    from_whom = (tuple(told[name]) for name in ("redis", "postgres", "alertmanager"))
    return Declared(told["due"], policy, *from_whom)
