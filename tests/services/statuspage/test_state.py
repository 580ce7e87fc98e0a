"""How it is now."""

import pytest
from statuspage.looks import Trouble
from statuspage.spans import Span, Track
from statuspage.state import Condition, State, judge

from tests.services.statuspage.lab import NOON, config


def now(orders: float | None, payments: float | None, **alerts: bool) -> State:
    def track(share: float | None) -> Track:
        return () if share is None else (Span(NOON - 30, NOON, share),)

    firing = {Trouble(("/pay",), name): (Span(NOON - 30, NOON, 0 if on else 1),) for name, on in alerts.items()}
    return judge(config(), {"/": track(orders), "/pay": track(payments)}, firing, NOON)


@pytest.mark.parametrize(
    ("orders", "payments", "overall", "headline"),
    [
        (1, 1, "up", "Everything works"),
        (0, 0, "down", "Nothing is available"),
        (0, 1, "down", "Not available: Orders"),
        (1, 0.5, "part", "Some requests fail: Payments"),
        (1, None, "unknown", "No data: Payments"),
        (None, None, "unknown", "No data"),
        (0, None, "down", "Not available: Orders"),
    ],
)
def test_it_is_told_in_a_sentence(orders: float | None, payments: float | None, overall: str, headline: str) -> None:
    state = now(orders, payments)
    assert (state.overall, state.headline) == (overall, headline)


def test_what_was_seen_a_while_ago_is_no_news() -> None:
    old = {"/": (Span(NOON - 60, NOON - 1, 1),), "/pay": (Span(NOON - 60, NOON, 1),)}
    assert judge(config(), old, {}, NOON).components == {"/": Condition.UNKNOWN, "/pay": Condition.UP}


def test_an_alert_that_fires_says_that_not_all_is_well() -> None:
    assert now(1, 1, late=True).components == {"/": Condition.UP, "/pay": Condition.PART}
    assert now(1, 1, late=False).overall is Condition.UP
    assert now(1, 0, late=True).components["/pay"] is Condition.DOWN


def test_a_stack_that_takes_no_traffic_says_so() -> None:
    shown = config()
    state = judge(type(shown)("", "", (), (), {}, 10, 400, 720), {}, {}, NOON)
    assert (state.overall, state.headline) == (Condition.UNKNOWN, "Nothing is open to the public here")
