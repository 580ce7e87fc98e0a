"""What is kept of the past."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statuspage import history
from statuspage.history import DAY, Day, History, Incident, account, by_day, date, forget, opened, windows
from statuspage.looks import Trouble
from statuspage.spans import Span, Track, cover, opposite

from tests.services.statuspage.lab import NOON

#: The last minutes of a day, so that accounts go over midnight.
START = NOON + DAY / 2 - 600
END = START + 1800

looks = st.lists(
    st.tuples(st.integers(0, 179).map(lambda number: START + 10 * number), st.sampled_from([0.0, 0.5, 1.0])),
    unique_by=lambda look: look[0],
    max_size=120,
).map(sorted)
alarms = st.lists(st.integers(0, 119).map(lambda number: START + 15 * number), unique=True, max_size=60).map(sorted)
cuts = st.lists(st.integers(1, 1799).map(lambda seconds: START + seconds), unique=True, max_size=8).map(sorted)

ALERT = Trouble(("/",), "late")


def whole(taken: list[tuple[float, float]], fired: list[float], ends: list[float]) -> History:
    """Accounts up to each of these ends, one after the other."""
    kept = History(START)
    for end in ends:
        alerts = {}
        firing = cover([(time, 0.0) for time in fired], 60, kept.until, end)
        if any(kept.until - 60 <= time <= end for time in fired):
            alerts[ALERT] = opposite(firing, kept.until, end)
        kept = account(kept, {"/": cover(taken, 25, kept.until, end)}, alerts, end)
    return kept


@given(looks, alarms, cuts)
def test_wherever_it_is_cut_and_gone_on_with_it_says_the_same(
    taken: list[tuple[float, float]], fired: list[float], ends: list[float]
) -> None:
    once, often = whole(taken, fired, [END]), whole(taken, fired, [*ends, END])
    assert often.incidents == once.incidents
    assert (often.since, often.seen) == (once.since, once.seen)
    assert often.days["/"].keys() == once.days["/"].keys()
    for when, day in once.days["/"].items():
        assert often.days["/"][when].known == pytest.approx(day.known)
        assert often.days["/"][when].good == pytest.approx(day.good)


@given(looks)
def test_no_more_is_known_than_passed_and_no_more_is_good_than_known(taken: list[tuple[float, float]]) -> None:
    days = whole(taken, [], [END]).days["/"].values()
    assert all(0 <= day.good <= day.known + 1e-6 for day in days)
    assert sum(day.known for day in days) <= min(END - START, 25 * len(taken)) + 1e-6


@given(looks)
def test_incidents_of_a_route_are_apart_and_hold_all_that_failed(taken: list[tuple[float, float]]) -> None:
    kept = whole(taken, [], [END])
    failing = [span for span in opened(cover(taken, 25, START, END)) if span.fails]
    for span in failing:
        assert [one for one in kept.incidents if one.begin <= span.begin and span.end <= one.end]
    ends = [one.end for one in kept.incidents]
    assert all(left <= right.begin for left, right in zip(ends, kept.incidents[1:], strict=False))
    assert all(one.over for one in kept.incidents[:-1])


@given(looks)
def test_what_is_kept_is_read_again(taken: list[tuple[float, float]]) -> None:
    kept = whole(taken, [], [END])
    assert history.parse(history.dump(kept)) == kept


def incidents(*spans: Span) -> list[tuple[float, float, bool]]:
    before = History(0, {"/": {date(0): Day(1, 1)}})
    found = account(before, {"/": spans}, {}, 10_000).incidents
    return [(one.begin, one.end, one.over) for one in found]


def test_what_fails_again_within_a_minute_was_not_repaired() -> None:
    assert incidents(Span(0, 50, 0), Span(50, 110, 1), Span(110, 200, 0)) == [(0, 200, False)]
    assert incidents(Span(0, 50, 0), Span(50, 120, 1), Span(120, 200, 0)) == [(0, 50, True), (120, 200, False)]


def test_what_fails_on_both_sides_of_a_time_that_nobody_saw_failed_in_between() -> None:
    assert incidents(Span(0, 50, 0), Span(3000, 3050, 0)) == [(0, 3050, False)]


def test_nobody_knows_what_was_in_a_long_time_that_nobody_saw() -> None:
    assert incidents(Span(0, 50, 0), Span(5000, 5050, 0)) == [(0, 50, True), (5000, 5050, False)]


def test_an_incident_lasts_until_it_is_seen_to_be_good() -> None:
    assert incidents(Span(0, 50, 0)) == [(0, 50, False)]
    assert incidents(Span(0, 50, 0), Span(80, 90, 1)) == [(0, 50, True)]


def test_before_a_route_first_answers_nobody_was_promised_anything() -> None:
    kept = account(History(NOON), {"/": (Span(NOON, NOON + 60, 0),)}, {}, NOON + 60)
    assert (kept.days, kept.incidents, kept.since) == ({"/": {}}, (), 0)
    kept = account(kept, {"/": (Span(NOON + 60, NOON + 70, 0), Span(NOON + 70, NOON + 90, 1))}, {}, NOON + 90)
    assert (kept.days, kept.incidents, kept.since) == ({"/": {"2026-03-01": Day(20, 20)}}, (), NOON + 70)
    assert account(kept, {"/": (Span(NOON + 90, NOON + 99, 0),)}, {}, NOON + 99).incidents


def test_a_part_that_fails_is_half_a_second_lost_each_second() -> None:
    kept = account(History(NOON), {"/": (Span(NOON, NOON + 100, 0.5),)}, {}, NOON + 100)
    assert kept.days == {"/": {"2026-03-01": Day(50, 100)}}
    assert kept.incidents == (Incident(("/",), "", NOON, NOON + 100, 0.5),)


def test_an_alert_that_nobody_mentions_any_more_is_over() -> None:
    firing: dict[Trouble, Track] = {ALERT: (Span(NOON, NOON + 60, 0),)}
    kept = account(History(NOON), {}, firing, NOON + 60)
    assert not kept.incidents[0].over
    assert account(kept, {}, {}, NOON + 120).incidents[0].over


def test_days_are_those_of_utc() -> None:
    assert list(by_day(NOON - DAY, NOON)) == [("2026-02-28", DAY / 2), ("2026-03-01", DAY / 2)]


def test_what_is_older_than_wanted_is_forgotten() -> None:
    old, young = NOON - 101 * DAY, NOON - 99 * DAY
    kept = History(
        NOON,
        {"/": {date(old): Day(1, 1), date(young): Day(1, 1)}, "/gone": {date(old): Day(1, 1)}},
        (Incident(("/",), "", old, old + 60, 0, over=True), Incident(("/",), "", young, young + 60, 0, over=True)),
    )
    left = forget(kept, NOON, 100)
    assert left.days == {"/": {date(young): Day(1, 1)}}
    assert [one.begin for one in left.incidents] == [young]


def test_a_clock_that_was_days_ahead_leaves_nothing_in_the_future() -> None:
    ahead = NOON + 10 * DAY
    wrong = (Incident(("/",), "", ahead, ahead + 60, 0),)
    kept = forget(History(ahead, {"/": {date(ahead): Day(9, 9), date(NOON): Day(5, 5)}}, wrong, NOON, ahead), NOON, 100)
    assert (kept.until, kept.seen, kept.incidents) == (NOON, NOON, ())
    assert kept.days == {"/": {date(NOON): Day(5, 5)}}


def test_a_clock_that_was_minutes_ahead_counts_no_time_twice() -> None:
    kept = forget(History(NOON + 600), NOON, 100)
    assert list(windows(kept, NOON, 3600)) == []
    assert list(windows(kept, NOON + 700, 3600)) == [(NOON + 600, NOON + 700)]


def test_a_long_time_is_asked_for_in_parts() -> None:
    assert list(windows(History(0), 250, 100)) == [(0, 100), (100, 200), (200, 250)]


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    assert history.read(path) is None
    for until in (1.0, 2.0):
        history.keep(path, history.dump(History(until)))
        assert history.read(path) == History(until)
    assert [file.name for file in tmp_path.iterdir()] == ["history.json"]


@pytest.mark.parametrize("text", ["", "{}", '{"until": 1, "days": {"/": {"2026-03-01": {"x": 1}}}, "incidents": []}'])
def test_a_damaged_file_is_not_taken_for_an_empty_one(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        history.parse(text)
