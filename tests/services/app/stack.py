"""The smallest stack that the application runs in."""

from typing import Any

from basalt.plan import Planned, plan
from tests.stacks import DATABASE, raw, topology

SHOP: dict[str, Any] = raw(DATABASE, services__redis={}, services__app={}, services__nginx={})


def planned(name: str, **changes: Any) -> Planned:
    """One instance of the stack."""
    return next(p for p in plan(topology(SHOP, **changes)).planned if p.instance.name == name)


def text(planned: Planned, path: str) -> str:
    """One of its files."""
    return next(file.text for file in planned.files if file.path == path)
