"""Which silences are kept, and which of them are set again."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from keepsakes import silences
from keepsakes.silences import check, lacking
from keepsakes.source import SourceError

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def silence(hours: float, **labels: str) -> dict[str, Any]:
    """That lasts for so long after noon, as it is kept."""
    matchers = [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()]
    return {
        "matchers": matchers,
        "startsAt": (NOON - timedelta(hours=1)).isoformat(),
        "endsAt": f"{NOON + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S.000Z}",
        "createdBy": "Ada",
        "comment": "known",
    }


def present(hours: float, **labels: str) -> dict[str, Any]:
    """As Alertmanager tells it."""
    return {**silence(hours, **labels), "id": "1", "status": {"state": "active"}}


@pytest.mark.parametrize(
    ("kept", "there", "expected"),
    [
        ([silence(2, service="redis")], [], [0]),
        ([silence(-1, service="redis")], [], []),
        ([silence(2, service="redis")], [present(2, service="redis")], []),
        ([silence(2, service="redis")], [present(3, service="redis")], []),
        ([silence(2, service="redis")], [present(1, service="redis")], [0]),
        ([silence(2, service="redis")], [present(2, service="postgres")], [0]),
        # The order of labels says nothing; one of two that mute the same is enough.
        ([silence(2, service="redis", host="a")], [present(2, host="a", service="redis")], []),
        ([silence(2, service="redis"), silence(1, service="redis")], [], [0]),
        ([silence(1, service="redis"), silence(2, service="redis")], [], [0, 1]),
    ],
)
def test_what_would_still_last_and_is_not_there_is_lacking(
    kept: list[dict[str, Any]], there: list[dict[str, Any]], expected: list[int]
) -> None:
    assert list(lacking(kept, there, NOON)) == [kept[index] for index in expected]


def test_what_is_set_again_lacks_no_more() -> None:
    kept = [silence(2, service="redis"), silence(3, host="a"), silence(-2, host="b")]
    again = list(lacking(kept, [], NOON))
    assert list(lacking(kept, [{**one, "status": {"state": "active"}} for one in again], NOON)) == []


def test_what_is_kept_holds_all_that_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "silences"
    path.write_text(json.dumps([silence(1, service="redis")]))
    assert len(check(path)) == 1
    path.write_text("[]")
    assert check(path) == []


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"comment": "x"}]', json.dumps([silence(1)])])
def test_what_are_no_silences_is_not_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "silences"
    path.write_text(text)
    with pytest.raises(SourceError):
        check(path)


def test_what_a_drain_has_silenced_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drained = {**present(2, host="node-1"), "createdBy": "basalt drain"}
    monkeypatch.setattr(silences, "_present", lambda _: [drained, present(2, service="redis")])
    silences.take(["alertmanager-1:9093"], tmp_path / "kept")
    assert check(tmp_path / "kept") == [silence(2, service="redis")]
