import os
from pathlib import Path

import pytest

from tools.setup import mounts

_ROOT = "27 1 254:0 / / rw,relatime {}- ext4 /dev/vda rw"
_PROC = "22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw"


@pytest.mark.parametrize(("fields", "shared"), [("", False), ("shared:1 ", True), ("master:2 ", False)])
def test_only_a_shared_root_hands_its_mounts_on(fields: str, *, shared: bool) -> None:
    assert mounts.is_shared(f"{_PROC}\n{_ROOT.format(fields)}\n") is shared


def test_what_is_mounted_over_the_root_counts() -> None:
    assert not mounts.is_shared(f"{_ROOT.format('shared:1 ')}\n{_ROOT.format('')}\n")


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "is_shared", lambda mountinfo: False)


def test_beside_an_engine_the_root_has_to_be_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private: None
) -> None:
    (tmp_path / "engine.pid").write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(mounts, "PIDFILES", (tmp_path / "none.pid", tmp_path / "engine.pid"))
    assert mounts.HostMounts().check() is None


def test_the_root_of_an_engine_elsewhere_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private: None
) -> None:
    (tmp_path / "engine.pid").write_text("999999999\n")
    monkeypatch.setattr(mounts, "PIDFILES", (tmp_path / "engine.pid",))
    assert mounts.HostMounts().check() == "a matter of the engine's own machine"
