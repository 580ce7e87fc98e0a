"""What the plan tells a fencer."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Member:
    """Where one member answers. `name` is in its certificate."""

    name: str
    sql: int
    rest: int
    #: By which it is reached, when it is another than `name`.
    host: str


@dataclass(frozen=True, slots=True)
class Config:
    """`own`: the member on this host; `address`: of its container."""

    witness: str
    witnesses: int
    scope: str
    own: str
    address: str
    window: float
    etcd: list[tuple[str, int]]
    members: dict[str, Member]


def read(path: Path) -> Config:
    """From `fencer.json`."""
    told = json.loads(path.read_text())
    members = {
        name: Member(name, place["sql"], place["rest"], place["host"]) for name, place in told["members"].items()
    }
    etcd = [(place["host"], place["port"]) for place in told["etcd"]]
    rest = {key: told[key] for key in ("witness", "witnesses", "scope", "own", "address", "window")}
    return Config(**rest, etcd=etcd, members=members)
