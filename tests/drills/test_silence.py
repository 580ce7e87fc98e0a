"""Alerts of a host that is emptied are silenced in a real Alertmanager, and told again when it is filled."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from basalt.operations import web
from basalt.operations.drain import silence
from basalt.plan import plan
from basalt.site import Site
from tests.drills.street import Street, street
from tests.stacks import DATABASE, raw, topology
from tests.waiting import until

pytestmark = pytest.mark.live

_NAME = "alertmanager-1"
_PLAN = plan(topology(raw(DATABASE, services__alertmanager={}, services__monitoring={})))
_HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def place() -> Iterator[Street]:
    """Alertmanager alone."""
    with street(_PLAN, (_NAME,), {}) as made:
        until(lambda: made.try_(_NAME, *_call("silences"))[1].strip() == "[]", "Alertmanager", 120)
        yield made


@pytest.fixture
def site(place: Street, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Of a stack whose Alertmanager is that one."""
    there = SimpleNamespace(containers=SimpleNamespace(get=lambda _: place.containers[_NAME]))
    monkeypatch.setattr(web, "connect", lambda _: there)
    return _PLAN.site


def _call(*words: str) -> tuple[str, ...]:
    *options, path = words
    curl = ("curl", "-fsS", "--cacert", "/etc/basalt/tls/stack/ca.crt", "-H", "Content-Type: application/json")
    return (*curl, *options, f"https://localhost:9093/api/v2/{path}")


def _asked(place: Street, *words: str) -> Any:
    return json.loads(place.run(_NAME, *_call(*words)) or "null")


def suppressed(place: Street, *hosts: str) -> list[str]:
    """Those of which an alert would not be told now. One is made up for each."""
    _asked(place, "-d", json.dumps([{"labels": {"alertname": "MadeUp", "host": host}} for host in hosts]), "alerts")
    found = _asked(place, "alerts")
    assert {one["labels"]["host"] for one in found} == set(hosts)
    return [one["labels"]["host"] for one in found if one["status"]["state"] == "suppressed"]


def in_force(place: Street) -> dict[str, datetime]:
    """Silences, and when they end."""
    active = [one for one in _asked(place, "silences") if one["status"]["state"] == "active"]
    return {one["id"]: datetime.fromisoformat(one["endsAt"]) for one in active}


def test_alerts_of_that_host_are_silent_and_no_others(place: Street, site: Site) -> None:
    began = silence.begin(site, "far", _HOUR)
    assert suppressed(place, "far", "near") == ["far"]
    assert list(in_force(place).values()) == [began]


def test_a_drain_that_is_said_again_moves_the_end(place: Street, site: Site) -> None:
    first = in_force(place)
    later = silence.begin(site, "far", 2 * _HOUR)
    assert in_force(place) == dict.fromkeys(first, later)


def test_a_host_that_is_filled_is_told_of_again_two_minutes_later(place: Street, site: Site) -> None:
    silence.end(site, "far")
    (ends,) = in_force(place).values()
    assert ends <= datetime.now(UTC) + timedelta(minutes=2, seconds=2)
    silence.end(site, "near")  # nobody silenced it
    assert list(in_force(place).values()) == [ends]


def test_where_nobody_stays_who_takes_alerts_nobody_is_told(site: Site) -> None:
    (here,) = {one.host for one in site.takes_alerts()}
    assert silence.begin(site, here, _HOUR) is None


def test_an_alertmanager_that_does_not_answer_is_told(place: Street, site: Site) -> None:
    place.containers[_NAME].stop(timeout=5)
    acts: tuple[Callable[[], object], ...] = (
        lambda: silence.begin(site, "far", _HOUR),
        lambda: silence.end(site, "far"),
    )
    for act in acts:
        with pytest.raises(silence.SilenceError, match=f"{_NAME} cannot be asked"):
            act()
