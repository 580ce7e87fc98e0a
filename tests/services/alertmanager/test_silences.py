"""Silences: who is muted, and when."""

from datetime import date
from typing import Any

from basalt.services.alertmanager.silences import Silence, intervals, muted


def silence(matchers: dict[str, str], **when: Any) -> Silence:
    return Silence(matchers=matchers, comment="x", **(when or {"until": date(2031, 1, 1)}))


def test_until_is_every_day_before_and_the_day_itself() -> None:
    assert intervals(silence({"a": "b"}, until=date(2031, 3, 9))) == [
        {"years": ["1970:2030"]},
        {"years": ["2031"], "months": ["1:2"]},
        {"years": ["2031"], "months": ["3"], "days_of_month": ["1:9"]},
    ]


def test_a_day_in_january_has_no_months_before_it() -> None:
    assert intervals(silence({"a": "b"}, until=date(2031, 1, 31)))[1:] == [
        {"years": ["2031"], "months": ["1"], "days_of_month": ["1:31"]}
    ]


def test_a_window_over_midnight_goes_on_the_next_day() -> None:
    found = intervals(silence({"a": "b"}, weekly={"days": ["sunday"], "from": "22:00", "to": "04:00"}))
    assert [(tuple(i["weekdays"]), i["times"]) for i in found] == [
        (("sunday",), [{"start_time": "22:00", "end_time": "24:00"}]),
        (("monday",), [{"start_time": "00:00", "end_time": "04:00"}]),
    ]


def test_an_alert_that_two_silences_match_is_muted_by_either() -> None:
    found = muted([silence({"service": "redis"}), silence({"host": "data-1"})])
    assert [(dict(one.matchers), one.intervals) for one in found] == [
        ({"host": "data-1", "service": "redis"}, ("silence-1", "silence-2")),
        ({"host": "data-1"}, ("silence-2",)),
        ({"service": "redis"}, ("silence-1",)),
    ]


def test_silences_that_no_alert_can_match_together_are_not_combined() -> None:
    found = muted([silence({"service": "redis"}), silence({"service": "etcd"})])
    assert [dict(one.matchers) for one in found] == [{"service": "etcd"}, {"service": "redis"}]


def test_every_combination_of_three_has_its_way() -> None:
    found = muted([silence({"a": "1"}), silence({"b": "1"}), silence({"c": "1"})])
    assert len(found) == 7
    assert found[0].intervals == ("silence-1", "silence-2", "silence-3")
