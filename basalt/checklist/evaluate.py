"""Facts -> rows, by every module that has some."""

from basalt.checklist import certificates, containers, edge, hosts, metrics, state
from basalt.checklist.facts import Facts
from basalt.checklist.row import Row, in_order

_MODULES = (hosts, containers, certificates, metrics, edge, state)


def evaluate(facts: Facts) -> tuple[Row, ...]:
    """The whole checklist."""
    return in_order(row for module in _MODULES for row in module.rows(facts))
