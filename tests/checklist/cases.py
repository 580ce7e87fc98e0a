"""Stacks of the repository as planned, and changes of one thing of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from basalt.checklist.evaluate import evaluate
from basalt.checklist.facts import Facts, Reply, State
from basalt.checklist.row import STACK, Row, Unasked, Verdict
from basalt.collect.checks import checks
from basalt.collect.samples import Sample
from basalt.plan import plan
from basalt.topology.load import load_stack
from tests.checklist.measured import HEADERS, as_planned, changed, engine

ROOT = Path(__file__).parent.parent.parent
DEV, PROD = (as_planned(plan(load_stack(ROOT, stack))) for stack in ("dev", "prod-iad"))
LOCAL = engine(DEV, "local")
NO_ANSWER = Unasked("nobody answers")


def told(facts: Facts) -> dict[tuple[str, str], Row]:
    rows = evaluate(facts)
    found = {(row.service, row.id): row for row in rows}
    assert len(found) == len(rows), "two rows of a service have one id"
    return found


def bad(facts: Facts) -> dict[tuple[str, str], Verdict]:
    return {name: row.verdict for name, row in told(facts).items() if row.verdict is not Verdict.OK}


#: One host and one zone: what dev tolerates.
TOLERATED = {(STACK, "zones"): Verdict.WARN, (STACK, "backups-apart"): Verdict.WARN}


def sampled(query: str, *samples: tuple[dict[str, str], float]) -> Facts:
    assert isinstance(DEV.samples, dict)
    assert query in DEV.samples
    return replace(DEV, samples={**DEV.samples, query: [Sample(labels, value) for labels, value in samples]})


def state(**values: Any) -> Facts:
    assert isinstance(DEV.state, State)
    return replace(DEV, state=replace(DEV.state, **values))


def door(scheme: str, **values: Any) -> Facts:
    found = tuple(replace(one, **values) if one.scheme == scheme else one for one in DEV.doors)
    return replace(DEV, doors=found)


def headers(**values: str | None) -> Facts:
    """The edge's answer with other headers."""
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in values.items()}}
    kept = {name: value for name, value in given.items() if value is not None}
    return door("https", replies=(Reply("/healthz", 200, kept, "TLSv1.3"),))


def check(service: str, name: str) -> str:
    """The query of a service's check."""
    return next(check.query for check in checks(service) if check.id == name)


def container(path: str, value: object, instance: str = "redis-2") -> Facts:
    return changed(DEV, instance, path, value)


STRANGER = {**LOCAL.containers, "dev-intruder": {}}
WITHOUT = {name: told for name, told in LOCAL.containers.items() if name != "dev-redis-2"}
ENDS = {name: end for name, end in LOCAL.ends.items() if name != "dev-redis-2"}
STOPPED = {"Status": "exited", "Running": False, "ExitCode": 137}
RULE = {"name": "Broken", "health": "err", "lastError": "many-to-many", "annotations": {"runbook": "https://x/y"}}
