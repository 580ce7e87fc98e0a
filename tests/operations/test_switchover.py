"""Whether a switchover may be, to whom, and in which order members are restarted: decided without a cluster."""

from typing import Any

import pytest

from basalt.operations.switchover.decide import LAG, Choice, RefusedError, choose
from basalt.operations.switchover.guards import DRAIN, HOLD
from basalt.operations.switchover.hands import command
from basalt.operations.switchover.restart import in_place, pending, step
from basalt.operations.switchover.switch import orders
from basalt.operations.switchover.view import View, view
from basalt.topology.model import Host

LEADER = {"name": "postgres-1", "role": "leader", "state": "running", "timeline": 3}
SYNC = {"name": "postgres-2", "role": "sync_standby", "state": "streaming", "timeline": 3, "lag": 0}
OTHER = {"name": "postgres-3", "role": "replica", "state": "streaming", "timeline": 3, "lag": 0}


def cluster(*members: dict[str, Any], seconds: float | None = None, **more: Any) -> View:
    """As Patroni tells it; with a transaction that has been open for so long on the leader."""
    told = {"pid": 41, "usename": "shop_app", "application_name": "report", "state": "idle in transaction"}
    open_ones = [] if seconds is None else [{**told, "seconds": seconds}]
    return view({"members": list(members), **more}, {"postgres-1": open_ones})


def chosen(seen: View, to: str | None = None, *, synchronous: bool = True) -> Choice:
    return choose(seen, to, 5, synchronous=synchronous)


def refusal(seen: View, to: str | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        chosen(seen, to)
    return str(caught.value)


def test_the_synchronous_member_takes_over() -> None:
    assert chosen(cluster(LEADER, OTHER, SYNC)) == Choice("postgres-1", "postgres-2")


def test_a_member_that_may_lack_commits_does_not_and_the_one_that_can_is_named() -> None:
    assert "not synchronous, so it may lack commits; postgres-2 can" in refusal(
        cluster(LEADER, SYNC, OTHER), "postgres-3"
    )


def test_where_losses_are_allowed_any_that_streams_takes_over() -> None:
    ahead, behind = {**OTHER, "lag": 10}, {**SYNC, "role": "replica", "lag": 20}
    assert chosen(cluster(LEADER, behind, ahead), synchronous=False).candidate == "postgres-3"


@pytest.mark.parametrize(
    ("sync", "why"),
    [
        ({"state": "running"}, "is running, not streaming"),
        ({"timeline": 2}, "is on timeline 2, the leader on 3"),
        ({"lag": LAG + 1}, f"is {LAG + 1} bytes behind"),
        ({"lag": "unknown"}, "an unknown number of bytes behind"),
    ],
)
def test_without_a_fit_candidate_it_is_refused_and_each_is_told_why(sync: dict[str, Any], why: str) -> None:
    told = refusal(cluster(LEADER, {**SYNC, **sync}, OTHER))
    assert why in told
    assert "postgres-3 is not synchronous" in told


def test_a_member_that_does_not_exist_or_leads_already_is_refused() -> None:
    seen = cluster(LEADER, SYNC, OTHER)
    assert "there is no member postgres-9; there are postgres-1, postgres-2" in refusal(seen, "postgres-9")
    assert "postgres-1 leads already" in refusal(seen, "postgres-1")


def test_a_cluster_that_is_paused_or_has_another_switchover_to_come_is_left_alone() -> None:
    assert "patronictl resume" in refusal(cluster(LEADER, SYNC, pause=True))
    planned = {"at": "2030-01-01T00:00:00+00:00", "from": "postgres-1"}
    assert "is scheduled (postgres-1 to any at 2030" in refusal(cluster(LEADER, SYNC, scheduled_switchover=planned))


def test_without_a_leader_nothing_is_planned() -> None:
    assert "nobody leads" in refusal(cluster({**LEADER, "state": "starting"}, SYNC))


def test_a_long_transaction_refuses_and_is_named_without_its_text() -> None:
    told = refusal(cluster(LEADER, SYNC, seconds=61))
    assert "pid 41 of shop_app (report) on postgres-1, idle in transaction, open for 61.0 s" in told
    assert chosen(cluster(LEADER, SYNC, seconds=4.9)).candidate == "postgres-2"


def test_a_cluster_is_whole_when_all_follow_on_the_leaders_timeline() -> None:
    assert cluster(LEADER, SYNC, OTHER).whole
    assert not cluster(LEADER, SYNC, {**OTHER, "timeline": 2}).whole
    assert not cluster(LEADER, SYNC, {**OTHER, "state": "starting"}).whole


def test_haproxy_is_told_what_its_checks_would_find() -> None:
    assert orders(Choice("postgres-1", "postgres-2")) == (
        "set server leader/postgres-1 health down; set server leader/postgres-2 health up; "
        "set server replicas/postgres-2 health down"
    )


def test_a_pause_ends_by_itself_before_its_users_give_up_and_leaves_time_for_the_switch() -> None:
    assert DRAIN < HOLD / 2 < HOLD <= 10


def test_an_engine_elsewhere_is_reached_with_its_certificates() -> None:
    raw: dict[str, Any] = {"address": "192.0.2.1", "zone": "a", "cores": 1, "memory_gb": 1}
    far = Host.model_validate({**raw, "engine": "tcp://data-1:2376", "engine_certificates": "/keys"})
    words = command(far, "prod-postgres-1", "postgres-switch", "look")
    assert words[:4] == ["docker", "--host", "tcp://data-1:2376", "--tlsverify"]
    assert words[-5:] == ["exec", "--interactive", "prod-postgres-1", "postgres-switch", "look"]


def test_replicas_restart_before_the_leader_and_who_commits_wait_for_after_who_they_do_not() -> None:
    seen, left = cluster(LEADER, SYNC, OTHER), {"postgres-1", "postgres-2", "postgres-3"}
    order = []
    while (name := step(seen, frozenset(left))) is not None:
        order.append(name)
        left.remove(name)
    assert order == ["postgres-3", "postgres-2", "postgres-1"]


def pending_restart(member: dict[str, Any], **values: tuple[int, int]) -> dict[str, Any]:
    reason = {name: {"old_value": str(old), "new_value": str(new)} for name, (old, new) in values.items()}
    return {**member, "pending_restart": True, "pending_restart_reason": reason}


def test_a_lowered_limit_is_taken_up_by_the_leader_first_and_where_it_is() -> None:
    members = [pending_restart(member, max_connections=(200, 100)) for member in (LEADER, SYNC, OTHER)]
    seen = cluster(*members)
    assert in_place(seen)
    assert step(seen, pending(seen, everybody=False)) == "postgres-1"
    assert step(seen, frozenset({"postgres-2", "postgres-3"})) == "postgres-3"


@pytest.mark.parametrize(
    "values",
    [
        {"max_connections": (100, 200)},
        {"max_connections": (200, 100), "max_worker_processes": (8, 10)},
        {"shared_buffers": (200, 100)},
        {},
    ],
)
def test_the_leader_hands_over_where_anything_is_raised_or_no_limit_is_concerned(
    values: dict[str, tuple[int, int]],
) -> None:
    seen = cluster(*(pending_restart(member, **values) for member in (LEADER, SYNC, OTHER)))
    assert not in_place(seen)
    assert step(seen, pending(seen, everybody=False)) == "postgres-3"


def test_only_members_that_need_it_are_restarted_unless_all_are_asked_for() -> None:
    seen = cluster(LEADER, {**SYNC, "pending_restart": True}, OTHER)
    assert pending(seen, everybody=False) == {"postgres-2"}
    assert len(pending(seen, everybody=True)) == 3


def test_what_a_member_says_itself_is_newer_than_what_the_cluster_knows() -> None:
    lower = {"max_connections": {"old_value": "200", "new_value": "100"}}
    known = [LEADER, pending_restart(SYNC, max_connections=(200, 100)), pending_restart(OTHER, port=(1, 2))]
    seen = view({"members": known}, {}, {"postgres-1": lower, "postgres-3": {}})
    assert in_place(seen)
    assert pending(seen, everybody=False) == {"postgres-1", "postgres-2"}


def test_who_is_alone_is_restarted_where_it_is() -> None:
    seen = cluster(pending_restart(LEADER, max_connections=(100, 200)))
    assert in_place(seen)
    assert step(seen, pending(seen, everybody=False)) == "postgres-1"
