"""Which leaf certificates an instance is issued, and when again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basalt.targets.certificates import make_authority
from basalt.targets.leaves import due, issue, pems, stale

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = {"tls/stack": (NOW + timedelta(days=60)).isoformat()}


def wanted(**changes: Any) -> dict[str, dict[str, Any]]:
    told = {"names": ["redis-1"], "days": 90.0, "renew": 30.0, "authority": "PEM", "authority_key": "KEY"}
    return {"tls/stack": told | changes}


def test_renewal_is_due_near_the_end_and_not_before() -> None:
    assert not due((NOW + timedelta(days=31)).isoformat(), 30, NOW)
    assert due((NOW + timedelta(days=29)).isoformat(), 30, NOW)
    assert due((NOW - timedelta(days=1)).isoformat(), 30, NOW)


def test_what_is_wanted_as_before_stays() -> None:
    assert stale(wanted(), wanted(), ENDS, NOW) == set()


@pytest.mark.parametrize("change", [{"names": ["redis-1", "redis"]}, {"days": 30.0}, {"authority": "OTHER"}])
def test_what_is_wanted_otherwise_is_issued_anew(change: dict[str, Any]) -> None:
    assert stale(wanted(**change), wanted(), ENDS, NOW) == {"tls/stack"}


def test_a_later_renewal_alone_issues_nothing() -> None:
    assert stale(wanted(renew=10.0), wanted(), ENDS, NOW) == set()


def test_what_is_near_its_end_is_issued_anew() -> None:
    assert stale(wanted(renew=61.0), wanted(), ENDS, NOW) == {"tls/stack"}


def test_what_was_not_held_is_issued() -> None:
    assert stale(wanted(), {}, {}, NOW) == {"tls/stack"}


def test_only_what_is_stale_gets_another_key() -> None:
    authority = make_authority("test")
    signed = {"authority": authority["certificate"], "authority_key": authority["key"]}
    both = {**wanted(**signed), "tls/control": wanted(**signed)["tls/stack"]}
    first = issue(both, {}, set(both))
    second = issue(both, first, {"tls/control"})
    assert second["tls/stack"] == first["tls/stack"]
    assert second["tls/control"]["key"] != first["tls/control"]["key"]


def test_what_is_no_longer_wanted_is_let_go() -> None:
    held = {"tls/old": {"certificate": "C", "key": "K", "not_after": ""}}
    assert issue({}, held, set()) == {}


def test_a_leaf_becomes_two_files() -> None:
    held = {"tls/stack": {"certificate": "C", "key": "K", "not_after": ""}}
    assert pems(held) == {"tls/stack/tls.crt": ("C", False), "tls/stack/tls.key": ("K", False)}
