"""The breaker, against a clock of our own."""

import pytest
from shop.breaker import Breaker, State


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("redis", threshold=3, rest_seconds=1.0, clock=clock)


def state(breaker: Breaker) -> State:
    """Asked anew: mypy would take a property for the same as before."""
    return breaker.state


def trip(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.failed()


def test_it_opens_at_the_third_failure_in_a_row(breaker: Breaker) -> None:
    breaker.failed()
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    breaker.failed()
    assert state(breaker) is State.CLOSED
    breaker.failed()
    assert state(breaker) is State.OPEN
    assert not breaker.allows()


def test_after_the_rest_one_trial_passes_and_closes_it(breaker: Breaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += 1.0
    assert state(breaker) is State.HALF_OPEN
    assert breaker.allows()
    assert not breaker.allows()
    breaker.succeeded()
    assert state(breaker) is State.CLOSED
    assert breaker.allows()


def test_a_failed_trial_opens_it_again_without_counting_a_new_trip(breaker: Breaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += 1.0
    assert breaker.allows()
    breaker.failed()
    assert state(breaker) is State.OPEN
    assert breaker.trips == 1


def test_a_trial_that_never_reports_does_not_block_the_next(breaker: Breaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += 1.0
    assert breaker.allows()
    clock.now += 1.0
    assert breaker.allows()


def test_it_is_closed_by_hand(breaker: Breaker) -> None:
    trip(breaker)
    breaker.reset()
    assert state(breaker) is State.CLOSED
    assert breaker.trips == 1
