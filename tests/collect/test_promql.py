"""Queries are judged before a server sees them."""

import re

import pytest

from basalt.collect.promql import WINDOW, fault, resolved


@pytest.mark.parametrize(
    "query", ["up", "sum by (job) (rate(x_total[5m])) / 2", f"rate(x_total[{WINDOW}])", "slo:errors:ratio"]
)
def test_a_query_that_prometheus_understands_has_no_fault(query: str) -> None:
    assert fault(query) is None


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "no expression found"),
        ("sum(up", "unclosed left parenthesis"),
        ("rate(up)", "expected type matrix"),
        ("median(up)", "unknown function with name 'median'"),
        ('up{job="a}', "unterminated"),
        ("rate(x_total[$__interval])", r"unexpected character inside brackets: '\$'"),
    ],
)
def test_a_fault_is_told_with_the_query(query: str, told: str) -> None:
    found = fault(query)
    assert found is not None
    assert repr(query) in found
    assert re.search(told, found)


def test_grafanas_window_becomes_a_time() -> None:
    assert resolved(f"rate(x_total[{WINDOW}])", "1m") == "rate(x_total[1m])"
