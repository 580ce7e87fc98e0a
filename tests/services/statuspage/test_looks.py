"""Which looks and alerts concern whom."""

import pytest
from statuspage.looks import IMPAIRED, Answer, Trouble, alerts, noticed, routes
from statuspage.spans import Span

from tests.services.statuspage.lab import NOON, ORDERS, PAYMENTS, config, every, fired, looked

CRITICAL = {"alertname": "AppErrorsCritical", "severity": "critical", "service": "app", "workload": "api"}


def test_looks_at_certificates_and_at_what_is_gone_are_nobodys() -> None:
    answer = Answer([looked("192.0.2.1:8000", [(NOON, 0)]), looked("https://edge-9/statusz", [(NOON, 0)])], [])
    assert routes(config(), answer, NOON, NOON + 60) == {"/": (), "/pay": ()}


def test_one_edge_of_two_that_fails_is_half_of_the_requests() -> None:
    good, bad = (looked(t, every(NOON, NOON + 60, v)) for t, v in zip(ORDERS.targets, (1, 0), strict=True))
    assert routes(config(), Answer([good, bad], []), NOON, NOON + 60)["/"] == (Span(NOON, NOON + 60, 0.5),)


def test_a_critical_alert_that_names_what_answers_is_told_without_its_name() -> None:
    assert noticed(config(AppErrorsCritical=""), CRITICAL) == Trouble(("/",), IMPAIRED)


@pytest.mark.parametrize(
    "change", [{"severity": "warning"}, {"workload": "worker"}, {"alertname": "RedisNoMaster"}, {"alertname": ""}]
)
def test_what_users_do_not_notice_is_not_told(change: dict[str, str]) -> None:
    assert noticed(config(AppErrorsCritical=""), {**CRITICAL, **change}) is None


@pytest.mark.parametrize(
    ("change", "hit"),
    [
        ({"workload": "payment"}, ("/pay",)),
        ({"workload": "worker"}, ("/", "/pay")),
        ({"workload": "redis", "service": "redis"}, ("/", "/pay")),
        ({"severity": "warning"}, ("/",)),
    ],
)
def test_what_the_stack_file_has_words_for_is_told_in_these(change: dict[str, str], hit: tuple[str, ...]) -> None:
    words = "Log-ins may fail"
    assert noticed(config(AppErrorsCritical=words), {**CRITICAL, **change}) == Trouble(hit, words)


def test_an_alert_lasts_as_long_as_it_is_evaluated_to_fire() -> None:
    answer = Answer([], [fired(NOON, NOON + 45, **CRITICAL)])
    (track,) = alerts(config(PAYMENTS, ORDERS, AppErrorsCritical=""), answer, NOON, NOON + 200).values()
    assert track == (Span(NOON, NOON + 90, 0), Span(NOON + 90, NOON + 200, 1))
