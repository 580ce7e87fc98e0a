"""`basalt check`: the production checklist, each row measured on the live stack."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from basalt.checklist.evaluate import evaluate
from basalt.checklist.facts import Facts
from basalt.checklist.metrics import queries
from basalt.checklist.row import Row, Unasked
from basalt.images import reference
from basalt.operations import login, metrics
from basalt.operations.measure import state
from basalt.operations.measure.doors import doors
from basalt.operations.measure.engines import engines
from basalt.operations.pulumi import PulumiError
from basalt.plan import plan
from basalt.targets.docker.engine import EngineError
from basalt.topology.model import Topology

T = TypeVar("T")


def check(topology: Topology, *, drift: bool) -> tuple[Row, ...]:
    """All rows. What cannot be asked becomes a row that says so. With `drift`, Pulumi previews too, which is slow."""
    return evaluate(measure(topology, drift=drift))


def measure(topology: Topology, *, drift: bool) -> Facts:
    """Asks engines, Prometheus, the edge and Pulumi."""
    planned, stack = plan(topology), topology.name
    site, asked = planned.site, queries(topology.services)
    authority = _asked(lambda: login.authority(stack))
    return Facts(
        plan=planned,
        now=datetime.now(UTC),
        references={image: reference(image) for image in {i.workload.image for i in site.instances}},
        engines=engines(planned),
        samples=_asked(lambda: dict(zip(asked, metrics.ask(site, asked), strict=True))),
        rules=_asked(lambda: metrics.alert_rules(site)),
        doors=doors(site, authority),
        state=state.state(stack),
        clear=state.clear(stack),
        drift=state.drift(stack) if drift else None,
    )


def _asked(question: Callable[[], T]) -> T | Unasked:
    try:
        return question()
    except (EngineError, metrics.MetricsError, login.LoginError, PulumiError) as error:
        return Unasked(str(error))
