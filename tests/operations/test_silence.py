"""Which silence of Alertmanager is a drain's own, and how it is begun and ended: decided without an Alertmanager."""

from datetime import UTC, datetime, timedelta

from basalt.operations.drain.silence import Silence, own, silence

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def held(host: str, state: str = "active", author: str = "basalt drain") -> Silence:
    """As Alertmanager shows one."""
    made = silence(host, None, NOW + timedelta(hours=1))
    told = {"startsAt": NOW.isoformat(), "status": {"state": state}, "createdBy": author}
    return {**made, **told, "id": f"{host} {state} {author}"}


def test_a_drain_s_own_of_this_host_is_found_and_no_other() -> None:
    everybody = [held("node-2"), held("node-1", "expired"), held("node-1", author="ann")]
    assert own(everybody, "node-1") == []
    # That of a clock that is ahead has not begun yet.
    mine = [held("node-1"), held("node-1", "pending")]
    assert own([*everybody, *mine], "node-1") == mine


def test_one_that_is_there_gets_another_end_and_no_second_is_made() -> None:
    later = NOW + timedelta(minutes=10)
    again = silence("node-1", held("node-1"), later + timedelta(hours=1))
    assert again["id"] == "node-1 active basalt drain"
    assert (again["startsAt"], again["endsAt"]) == ("2026-01-01T12:00:00+00:00", "2026-01-01T13:10:00+00:00")


def test_alerts_of_the_host_alone_are_meant() -> None:
    (matcher,) = silence("node-1", None, NOW)["matchers"]
    assert matcher == {"name": "host", "value": "node-1", "isRegex": False, "isEqual": True}
