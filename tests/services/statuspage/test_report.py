"""Weeks and months against what is promised."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statuspage.history import DAY, Day, History, Incident, date
from statuspage.report import Period, Report, Verdict, document, kept, months, reliable, report, weeks

from tests.services.statuspage.lab import NOON, config

HOUR = 3600.0
MIDNIGHT = NOON - DAY / 2
FEBRUARY = next(one for one in months(MIDNIGHT - 20 * DAY, NOON) if one.name == "2026-02")


def outage(begin: float, seconds: float, path: str = "/") -> Incident:
    return Incident((path,), "", begin, begin + seconds, 0, over=True)


def full(days: int, lost: float = 0) -> dict[str, Day]:
    """Whole days before the first of March; `lost` seconds of the last one."""
    found = {date(MIDNIGHT - ago * DAY): Day(DAY, DAY) for ago in range(1, days + 1)}
    return {**found, date(MIDNIGHT - DAY): Day(DAY - lost, DAY)}


def february(history: History) -> Report:
    return report(history, config(), FEBRUARY, NOON)


def past(lost: float = 0, *incidents: Incident, days: int = 28) -> History:
    times = {"/": full(days, lost), "/pay": full(days)}
    return History(NOON, times, incidents, MIDNIGHT - 28 * DAY, NOON)


def test_uptime_restoration_and_failures_of_a_month() -> None:
    begin = MIDNIGHT - DAY + HOUR
    every, orders, payments = february(past(1200, outage(begin, 900), outage(begin + HOUR, 300))).figures
    assert (orders.title, payments.title, every.path) == ("Orders", "Payments", "")
    assert orders.uptime == pytest.approx(1 - 1200 / (28 * DAY))
    assert (orders.incidents, orders.down, orders.mttr) == (2, 1200, 600)
    assert orders.mtbf == pytest.approx((28 * DAY - 1200) / 2)
    assert (payments.incidents, payments.mttr, payments.mtbf, payments.uptime) == (0, None, None, 1)
    assert every.uptime == pytest.approx(1 - 600 / (28 * DAY))
    assert every.incidents == 2


def test_three_nines_of_february_are_forty_minutes() -> None:
    assert february(past(2400)).figures[1].availability is Verdict.MET
    assert february(past(2430)).figures[1].availability is Verdict.MISSED


def test_what_nobody_saw_is_no_uptime() -> None:
    orders = february(past(days=27)).figures[1]
    assert orders.uptime == 1
    assert orders.seen == pytest.approx(27 / 28)
    assert orders.availability is Verdict.OPEN, "a day that is not known could have broken the promise"


def test_before_the_first_look_nothing_was_promised() -> None:
    history = History(NOON, {"/": full(3), "/pay": full(3)}, (), MIDNIGHT - 3 * DAY, NOON)
    assert february(history).figures[1].seen == 1


def test_an_incident_counts_where_it_began() -> None:
    history = past(0, outage(MIDNIGHT - 60, 120))
    assert february(history).figures[1].incidents == 1
    march = next(months(MIDNIGHT, NOON))
    assert report(history, config(), march, NOON).figures[1].incidents == 0


@pytest.mark.parametrize(
    ("incidents", "hours", "verdict"),
    [(0, 168, "met"), (1, 168, "open"), (2, 168, "missed"), (1, 744, "met"), (2, 744, "missed"), (2, 1500, "met")],
)
def test_failures_are_far_enough_apart(incidents: int, hours: float, verdict: str) -> None:
    mtbf = (hours - 0.1 * incidents) / incidents * HOUR if incidents else None
    assert reliable(incidents, mtbf, hours, 720) is Verdict(verdict)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.5, 0.9999))
def test_a_verdict_stands_whatever_the_unknown_time_was(known: float, good: float, slo: float) -> None:
    day, total = Day(known * good * DAY, known * DAY), DAY
    unknown = total - day.known
    verdict = kept(day, total, slo)
    if verdict is Verdict.MET:
        assert day.good / total >= slo - 1e-9
    if verdict is Verdict.MISSED:
        assert (day.good + unknown) / total < slo + 1e-9


def _all(periods: list[Period], since: float) -> None:
    assert periods[0].begin <= NOON < periods[0].end
    assert periods[-1].begin <= since < periods[-1].end
    assert all(later.begin == earlier.end for later, earlier in pairwise(periods))


@given(st.integers(0, 900).map(lambda days: NOON - days * DAY))
def test_periods_follow_each_other_back_to_the_first_look(since: float) -> None:
    _all(list(weeks(since, NOON)), since)
    _all(list(months(since, NOON)), since)
    assert all(datetime.fromtimestamp(one.begin, UTC).weekday() == 0 for one in weeks(since, NOON))
    assert all(datetime.fromtimestamp(one.begin, UTC).day == 1 for one in months(since, NOON))


def test_weeks_are_named_as_iso_does() -> None:
    assert next(weeks(NOON, NOON)).name == "2026-W09"


def test_programs_read_the_same() -> None:
    found = document({"months": [february(past(1200, outage(MIDNIGHT - DAY, 1200)))]}, config(), NOON)
    (month,) = found["months"]
    assert (month["period"], month["running"]) == ("2026-02", False)
    assert month["all"]["incidents"] == 1
    assert [one["path"] for one in month["components"]] == ["/", "/pay"]
    assert month["components"][0]["mttr"] == 1200
