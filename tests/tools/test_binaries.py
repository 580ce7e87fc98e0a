import os
from pathlib import Path

import pytest

from tests.tools.conftest import command
from tools.setup import binaries, paths


def test_what_is_half_made_is_not_there(clone: Path) -> None:
    def fill(aside: Path) -> None:
        (aside / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        binaries.publish("engine-1", fill)
    assert not binaries.folder("engine-1").exists()
    assert list(binaries.folder("x").parent.iterdir()) == []


def test_what_is_made_is_not_made_again(clone: Path) -> None:
    binaries.publish("engine-1", lambda aside: (aside / "pulumi").touch())
    made = binaries.publish("engine-1", lambda aside: pytest.fail("made twice"))
    assert (made / "pulumi").exists()


def test_a_link_follows_its_target(clone: Path, tmp_path: Path) -> None:
    old, new = command(tmp_path / "old", "pulumi"), command(tmp_path / "new", "pulumi")
    binaries.link("pulumi", old)
    binaries.link("pulumi", new)
    assert binaries.linked("pulumi", new)
    assert not binaries.linked("pulumi", old)
    assert [file.name for file in paths.LINKS.iterdir()] == ["pulumi"]


def test_a_link_to_nothing_does_not_count(clone: Path, tmp_path: Path) -> None:
    binaries.link("pulumi", tmp_path / "gone")
    assert not binaries.linked("pulumi", tmp_path / "gone")


def test_a_linked_folder_gives_way_to_a_folder_of_links(clone: Path, tmp_path: Path) -> None:
    binaries.link("plugin", tmp_path, paths.PULUMI_HOME)
    target = command(tmp_path / "new", "binary")
    binaries.link("binary", target, paths.PULUMI_HOME / "plugin")
    assert binaries.linked("binary", target, paths.PULUMI_HOME / "plugin")
    assert not (tmp_path / "binary").exists()


def test_the_links_of_this_clone_are_not_the_machines_tools(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries.link("pulumi", command(tmp_path / "cache", "pulumi"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(paths.LINKS), str(tmp_path / "bin")]))
    assert binaries.on_path("pulumi") is None
    theirs = command(tmp_path / "bin", "pulumi", "v3.300.0")
    assert binaries.on_path("pulumi") == theirs
    assert binaries.version_of(theirs, "version") == "3.300.0"


def test_a_tool_that_fails_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "pulumi"
    broken.write_text("#!/bin/sh\necho v3.300.0; exit 1\n")
    broken.chmod(0o755)
    assert binaries.version_of(broken) is None
    assert binaries.version_of(tmp_path / "missing") is None
