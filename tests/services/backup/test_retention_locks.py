"""Nothing is expired while a backup is taken or proved, and who begins one meanwhile waits."""

import fcntl
from pathlib import Path

import pytest

# Debian's package in the image; here it comes with the development requirements.
pytest.importorskip("prometheus_client")

from retention import __main__ as retention

from tests.services.backup.test_retention import INFO


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """By name, in a folder of the test's own."""
    found = {path.name: tmp_path / path.name for path in retention._LOCKS}
    monkeypatch.setattr(retention, "_LOCKS", {found[path.name]: why for path, why in retention._LOCKS.items()})
    return found


def free(path: Path) -> bool:
    """Whether another could take it now."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@pytest.mark.parametrize(("name", "why"), [("lock", "is being proved"), ("backup.lock", "is being taken")])
def test_while_another_is_at_work_all_is_left_for_the_next_time(locks: dict[str, Path], name: str, why: str) -> None:
    with locks[name].open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(retention._BusyError, match=why), retention._undisturbed(INFO):
            pytest.fail("it went on")
    assert all(map(free, locks.values()))


def test_others_wait_until_it_is_done(locks: dict[str, Path]) -> None:
    with retention._undisturbed(INFO):
        assert not any(map(free, locks.values()))
    assert all(map(free, locks.values()))


@pytest.mark.parametrize("script", ["backup-take", "backup-prepare"])
def test_who_takes_a_backup_holds_the_same_lock(script: str) -> None:
    text = (Path(__file__).parents[3] / "images" / "backup" / "bin" / script).read_text()
    assert any(str(path) in text for path in retention._LOCKS if path.name == "backup.lock")
