"""A stack that is as planned passes; what nobody could tell is unknown."""

from dataclasses import replace

import pytest

from basalt.checklist.evaluate import evaluate
from basalt.checklist.facts import Door, State
from basalt.checklist.row import STACK, Verdict, exit_code, summary
from basalt.collect.checks import checks
from basalt.collect.samples import Sample
from basalt.plan import plan
from tests.checklist.cases import (
    DEV,
    NO_ANSWER,
    PROD,
    ROOT,
    STOPPED,
    TOLERATED,
    bad,
    check,
    sampled,
    told,
)
from tests.checklist.measured import as_planned, changed, engine_changed


def test_production_as_planned_passes() -> None:
    assert bad(PROD) == {}
    assert exit_code(evaluate(PROD)) == 0


def test_dev_is_warned_of_its_one_zone_and_passes() -> None:
    assert bad(DEV) == TOLERATED
    assert exit_code(evaluate(DEV)) == 0


def test_every_service_has_rows_of_its_own() -> None:
    found = {row.service for row in evaluate(DEV)}
    assert found == {STACK, *DEV.plan.topology.services}


def test_production_may_not_have_what_dev_may() -> None:
    assert isinstance(PROD.samples, dict)
    query = check("alertmanager", "receivers")
    nobody = replace(PROD, samples={**PROD.samples, query: [Sample({"subject": "alertmanager-1"}, 0)]})
    assert bad(nobody) == {("alertmanager", "receivers"): Verdict.FAIL}
    relative = [{"name": "A", "health": "ok", "annotations": {"runbook": "basalt/services/x/runbook.md#a"}}]
    assert bad(replace(PROD, rules=relative)) == {(STACK, "runbooks"): Verdict.FAIL}
    assert isinstance(PROD.state, State)
    here = replace(PROD, state=replace(PROD.state, place="file:///work/state"))
    assert bad(here) == {(STACK, "away"): Verdict.WARN}
    forgotten = {"strict-transport-security": "max-age=0"}
    doors = tuple(_with_headers(door, forgotten) for door in PROD.doors)
    assert bad(replace(PROD, doors=doors)) == {("nginx", "headers"): Verdict.FAIL}


def _with_headers(door: Door, more: dict[str, str]) -> Door:
    assert isinstance(door.replies, tuple)
    replies = tuple(replace(reply, headers={**reply.headers, **more}) for reply in door.replies)
    return replace(door, replies=replies) if door.scheme == "https" else door


def test_a_zone_that_holds_the_quorum_fails_production() -> None:
    found = told(changed(PROD, "etcd-2", "State", STOPPED))[STACK, "zones"]
    assert found.verdict is Verdict.FAIL
    assert "etcd: 1 of 3 in zone a" in found.measured


def test_an_engine_that_is_down_fails_and_hides_no_other() -> None:
    facts = replace(PROD, engines={**PROD.engines, "edge-2": NO_ANSWER})
    found = bad(facts)
    assert found[STACK, "engines"] is Verdict.FAIL
    assert found["nginx", "running"] is Verdict.UNKNOWN
    assert ("postgres", "running") not in found, "node is on every host, postgres is not on edge-2"
    both = changed(facts, "nginx-1", "State", STOPPED)
    assert bad(both)["nginx", "running"] is Verdict.FAIL, "what fails is told before what is unknown"


def test_what_cannot_be_asked_is_unknown_and_not_ok() -> None:
    silent = replace(DEV, samples=NO_ANSWER, rules=NO_ANSWER, state=NO_ANSWER, clear=NO_ANSWER, drift=NO_ANSWER)
    hidden = tuple(replace(one, replies=NO_ANSWER, old=NO_ANSWER) for one in DEV.doors)
    found = bad(replace(silent, doors=hidden))
    unknown = {name for name, verdict in found.items() if verdict is Verdict.UNKNOWN}
    asked = {(service, check.id) for service in DEV.plan.topology.services for check in checks(service)}
    assert asked <= unknown
    generic = ("targets", "alerts", "rules", "runbooks", "state", "passphrase", "away", "encrypted", "drift")
    edge = ("routes", "headers", "rate-limits", "tls", "redirect")
    assert {row for _, row in unknown - asked} == {*generic, *edge}
    assert exit_code(evaluate(silent)) == 1


def test_nothing_is_ok_of_a_stack_that_is_not_there() -> None:
    facts = engine_changed(DEV, "local", containers={}, ends={})
    rows = [row for row in evaluate(facts) if row.id in {"user", "limits", "restart", "ports", "images", "running"}]
    assert {row.verdict for row in rows if row.id == "running"} == {Verdict.FAIL}
    assert {row.verdict for row in rows if row.service == STACK} == {Verdict.UNKNOWN}


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_member_without_a_sample_is_unknown(value: float | None) -> None:
    samples = [({"subject": f"postgres-{n}"}, 1.0) for n in (1, 3)]
    samples += [({"subject": "postgres-2"}, value)] if value is not None else []
    found = told(sampled(check("postgres", "members"), *samples))["postgres", "members"]
    assert (found.verdict, found.measured) == (Verdict.UNKNOWN, "no data of postgres-2")


def test_nothing_is_asked_of_what_the_stack_does_not_have() -> None:
    topology = PROD.plan.topology
    bounded = topology.model_copy(update={"promise": topology.promise.model_copy(update={"loss": "bounded"})})
    found = told(as_planned(plan(bounded)))
    assert ("postgres", "synchronous") in told(PROD)
    assert ("postgres", "synchronous") not in found


def test_a_fault_of_many_is_told_once() -> None:
    facts = DEV
    for number in (1, 2, 3):
        for name in ("etcd", "redis", "postgres"):
            facts = changed(facts, f"{name}-{number}", "HostConfig__ReadonlyRootfs", value=False)
    measured = told(facts)[STACK, "root"].measured
    assert measured == (
        "etcd-1, etcd-2, etcd-3, postgres-1, postgres-2, postgres-3 and 3 more: its root file system can be written"
    )


def test_the_summary_counts_each_verdict() -> None:
    assert list(summary(evaluate(DEV))) == [f"{len(evaluate(DEV)) - 2} ok", "2 warn"]


def test_every_row_leads_to_a_document() -> None:
    for row in {*evaluate(DEV), *evaluate(replace(PROD, drift=""))}:
        path, _, heading = row.see.partition("#")
        text = (ROOT / path).read_text()
        titles = {line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if line.startswith("#")}
        assert not heading or heading in titles, row
        assert row.remedy, row
