"""What is promised of the database becomes timeouts, or is refused."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basalt.services.postgres.promise import SHORTEST, solve, told
from basalt.topology.model import Promise
from basalt.topology.problem import StackError
from tests.services.postgres.test_plan import dynamic

seconds = st.integers(SHORTEST, 3600)
losses = st.sampled_from(["none", "bounded"])


@given(seconds, losses, st.integers(1, 9))
def test_patroni_takes_every_solution_as_it_is(outage: int, loss: Literal["none", "bounded"], members: int) -> None:
    found = solve(Promise(write_outage_seconds=outage, loss=loss), members)
    assert found.ttl >= 20
    assert found.loop_wait >= 1
    assert found.retry_timeout >= 3
    assert found.loop_wait + 2 * found.retry_timeout <= found.ttl


@given(seconds, losses)
def test_a_dead_host_costs_no_more_than_promised(outage: int, loss: Literal["none", "bounded"]) -> None:
    assert solve(Promise(write_outage_seconds=outage, loss=loss), 3).outage <= outage


@given(seconds)
def test_a_crash_alone_costs_no_more_than_promised(outage: int) -> None:
    found = solve(Promise(write_outage_seconds=outage, loss="bounded"), 3)
    assert found.loop_wait + found.primary_start_timeout < outage


def test_more_time_is_spent_on_a_longer_lock_up_to_patronis_default() -> None:
    locks = [solve(Promise(write_outage_seconds=outage), 3).ttl for outage in (25, 30, 35, 600)]
    assert locks == [20, 25, 30, 30]


def test_where_a_replica_has_every_commit_it_takes_over_at_once() -> None:
    assert solve(Promise(loss="none"), 3).primary_start_timeout == 0
    assert solve(Promise(loss="bounded"), 3).primary_start_timeout > 0
    assert solve(Promise(loss="none"), 1).primary_start_timeout == 300


def test_what_no_timeouts_keep_is_refused_with_what_could_be() -> None:
    with pytest.raises(StackError, match=r"promise.write_outage_seconds: 24: .*promise 25 or more"):
        dynamic(promise={"write_outage_seconds": 24})


def test_members_are_told() -> None:
    assert dynamic(promise={"write_outage_seconds": 25})["ttl"] == 20


def test_people_are_told_the_sum() -> None:
    assert told(Promise(), 3).startswith("when a host dies, nobody writes for at most 30 s (lock 25")
    assert "nobody takes over" in told(Promise(), 1)


def test_a_fencer_shortens_only_what_it_can_prove() -> None:
    alone, fenced = told(Promise(), 3), told(Promise(), 3, fenced=True)
    assert fenced == f"{alone}; a primary that crashes, is killed or hangs is fenced in seconds"
