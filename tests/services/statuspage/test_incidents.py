"""Incidents as people are told of them."""

import pytest
from statuspage.history import Incident
from statuspage.incidents import enumerate_words, events, title
from statuspage.looks import IMPAIRED

from tests.services.statuspage.lab import NOON, config


def outage(path: str, begin: float, end: float, worst: float = 0) -> Incident:
    return Incident((path,), "", NOON + begin, NOON + end, worst, over=True)


def test_what_fails_at_the_same_time_is_one_incident() -> None:
    both, later = events([outage("/", 0, 60), outage("/pay", 10, 90), outage("/", 200, 260)], config())
    assert (both.components, both.begin, both.end) == (("/", "/pay"), NOON, NOON + 90)
    assert title(both, config()) == "Not available: Orders and Payments"
    assert title(later, config()) == "Not available: Orders"


def test_a_single_look_that_failed_is_no_incident() -> None:
    assert events([outage("/", 0, 12)], config()) == ()
    assert len(events([outage("/", 0, 20)], config())) == 1


def test_routes_that_are_gone_are_not_told_of() -> None:
    assert events([outage("/old", 0, 60)], config()) == ()


def test_it_is_over_when_all_of_it_is() -> None:
    for begin in (-10, 10):
        lasting = Incident(("/pay",), "", NOON + begin, NOON + 50, 0)
        (event,) = events([outage("/", 0, 60), lasting], config())
        assert not event.over


@pytest.mark.parametrize(
    ("incident", "told"),
    [
        (outage("/", 0, 60, 0.5), "Some requests fail: Orders"),
        (Incident(("/",), IMPAIRED, NOON, NOON + 60, 0), "Some requests fail or are slow: Orders"),
        (Incident(("/", "/pay"), "Log-ins may fail", NOON, NOON + 60, 0), "Log-ins may fail"),
    ],
)
def test_it_says_what_users_meet(incident: Incident, told: str) -> None:
    (event,) = events([incident], config())
    assert title(event, config()) == told


def test_that_a_route_does_not_answer_is_more_than_an_alert() -> None:
    (event,) = events([Incident(("/",), IMPAIRED, NOON, NOON + 60, 0), outage("/pay", 10, 90)], config())
    assert title(event, config()) == "Not available: Payments"


@pytest.mark.parametrize(("names", "told"), [("", ""), ("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_names_are_enumerated(names: str, told: str) -> None:
    assert enumerate_words(tuple(names)) == told
