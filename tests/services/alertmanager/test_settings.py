"""What is refused: names that lead nowhere, secrets that are not there, times that cannot be kept."""

import re
from typing import Any

import pytest

from basalt.topology.load import load
from basalt.topology.problem import StackError
from tests.stacks import ONE_HOST, raw

CHAT = {"chat": {"slack": {"secret": "hook"}}}


def refused(**settings: Any) -> str:
    with pytest.raises(StackError) as caught:
        load("lab", raw(ONE_HOST, services__alertmanager=settings), given=("hook",))
    return str(caught.value)


def test_an_unknown_receiver_is_refused_where_it_stands() -> None:
    told = refused(receivers=CHAT, routes={"critical": "chta"})
    assert "services.alertmanager.routes.critical.receiver: 'chta': unknown receiver; did you mean chat?" in told


def test_an_unknown_receiver_of_an_escalation_is_refused_where_it_stands() -> None:
    routes = {"critical": {"receiver": "chat", "escalate": {"receiver": "zzz"}}}
    told = refused(receivers=CHAT, routes=routes)
    path = "services.alertmanager.routes.critical.escalate.receiver"
    assert f"{path}: 'zzz': unknown receiver; there are: chat, nobody" in told


def test_a_missing_secret_is_refused_with_the_command_that_sets_it() -> None:
    told = refused(receivers={"page": {"pagerduty": {"secret": "key"}}})
    assert "services.alertmanager.receivers.page.pagerduty.secret: 'key': set it: pulumi config set" in told
    assert "'basalt:secrets.key'" in told


def test_a_receiver_that_is_never_told_is_refused() -> None:
    told = refused(receivers={**CHAT, "other": {"slack": {"secret": "hook"}}})
    assert "services.alertmanager.receivers.other: 'other': no route leads to it" in told


def test_nobody_is_taken() -> None:
    assert "this is the receiver that drops" in refused(receivers={"nobody": CHAT["chat"]})


@pytest.mark.parametrize(
    ("receiver", "remedy"),
    [
        ({}, "nobody would be told"),
        ({"pager": {"secret": "hook"}}, "unknown key"),
        ({"webhook": {}}, "write url, or secret"),
        ({"webhook": {"url": "https://x", "secret": "hook"}}, "write url, or secret"),
        ({"webhook": {"url": "ftp://x"}}, "url"),
        ({"slack": {"secret": "https://hooks.slack.com/services/T/B/x"}}, "secret"),
        ({"email": {"to": ["a"], "from": "b@c", "smarthost": "d:25"}}, "email.to.0"),
        ({"email": {"to": ["a@b"], "from": "b@c", "smarthost": "d"}}, "smarthost"),
        (
            {"email": {"to": ["a@b"], "from": "b@c", "smarthost": "d:25", "username": "x"}},
            "username and secret together",
        ),
    ],
)
def test_a_receiver_that_tells_nobody_is_refused(receiver: dict[str, Any], remedy: str) -> None:
    told = refused(receivers={"one": receiver})
    assert "services.alertmanager.receivers.one" in told
    assert remedy in told


def test_two_members_on_one_host_are_refused() -> None:
    assert "services.alertmanager.members: 2: two on one host fall together" in refused(members=2)


@pytest.mark.parametrize("duration", ["5", "m", "0m", "1h30m", "5 m", "-5m"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    assert "services.alertmanager.group_wait" in refused(group_wait=duration)


def test_repeating_more_often_than_a_group_is_looked_at_is_refused() -> None:
    told = refused(repeat_interval="1m")
    assert re.search(r"services\.alertmanager\.repeat_interval: '1m': a group is looked at every 5m", told)


def test_an_unknown_severity_is_refused() -> None:
    assert "services.alertmanager.routes.fatal" in refused(receivers=CHAT, routes={"fatal": "chat"})


@pytest.mark.parametrize(
    "silence",
    [
        {"matchers": {}, "until": "2031-01-01", "comment": "x"},
        {"matchers": {"a": "b"}, "comment": "x"},
        {"matchers": {"a": "b"}, "until": "2031-01-01", "weekly": {}, "comment": "x"},
        {"matchers": {"a": "b"}, "until": "2031-01-01"},
        {"matchers": {"a-b": "c"}, "until": "2031-01-01", "comment": "x"},
        {"matchers": {"a": "b"}, "weekly": {"from": "25:00"}, "comment": "x"},
        {"matchers": {"a": "b"}, "weekly": {"days": ["someday"]}, "comment": "x"},
    ],
)
def test_a_silence_that_does_not_say_whom_when_and_why_is_refused(silence: dict[str, Any]) -> None:
    assert "services.alertmanager.silences.0" in refused(silences=[silence])
