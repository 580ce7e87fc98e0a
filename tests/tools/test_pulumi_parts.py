from pathlib import Path

import pytest

from tests.tools.conftest import command
from tools.setup import binaries, official, paths, pulumi_parts
from tools.setup.pulumi_parts import BUNDLE, HOST, PLUGIN


def made(key: str, *names: str) -> Path:
    """A folder in the cache as a build leaves it."""

    def fill(aside: Path) -> None:
        for name in names:
            (aside / name).touch()

    return binaries.publish(key, fill)


def test_nothing_is_there_on_a_bare_machine(clone: Path) -> None:
    assert pulumi_parts.engine() is None
    assert pulumi_parts.host() is None
    assert pulumi_parts.plugin() is None
    assert not pulumi_parts.complete()


def test_a_compatible_engine_on_path_is_used(clone: Path, tmp_path: Path) -> None:
    command(tmp_path / "bin", "pulumi", "v3.999.0")
    command(tmp_path / "bin", HOST)
    assert pulumi_parts.engine() == f"3.999.0 at {tmp_path / 'bin' / 'pulumi'}"
    assert pulumi_parts.host() == str(tmp_path / "bin" / HOST)


def test_an_engine_without_its_language_host_is_not_used(clone: Path, tmp_path: Path) -> None:
    command(tmp_path / "bin", "pulumi", "v3.999.0")
    assert pulumi_parts.engine() is None
    assert pulumi_parts.host() is None


def test_an_old_engine_on_path_is_not_used(clone: Path, tmp_path: Path) -> None:
    command(tmp_path / "bin", "pulumi", "v3.100.0")
    command(tmp_path / "bin", HOST)
    assert pulumi_parts.engine() is None


def test_an_engine_on_path_is_not_used_when_builds_are_asked_for(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(tmp_path / "bin", "pulumi", "v3.999.0")
    command(tmp_path / "bin", HOST)
    monkeypatch.setenv("BASALT_PULUMI", "build")
    assert pulumi_parts.engine() is None


def test_built_parts_are_found_by_their_links(clone: Path) -> None:
    binaries.link("pulumi", made(pulumi_parts.engine_key(), "pulumi") / "pulumi")
    assert pulumi_parts.engine() is not None
    assert pulumi_parts.host() is None
    bundle = made(pulumi_parts.bundle_key(), *BUNDLE)
    for name in BUNDLE:
        binaries.link(name, bundle / name)
    plugin = made(pulumi_parts.plugin_key(), PLUGIN) / PLUGIN
    binaries.link(PLUGIN, plugin, pulumi_parts.plugin_folder())
    binaries.link(PLUGIN, plugin)
    assert pulumi_parts.complete()
    assert "(built)" in str(pulumi_parts.engine())


def test_a_part_built_from_other_sources_is_missing(clone: Path) -> None:
    binaries.link("pulumi", made("pulumi-3.1.0-0123", "pulumi") / "pulumi")
    plugin = made(f"{PLUGIN}-other", PLUGIN) / PLUGIN
    binaries.link(PLUGIN, plugin, pulumi_parts.plugin_folder())
    binaries.link(PLUGIN, plugin)
    assert pulumi_parts.engine() is None
    assert pulumi_parts.plugin() is None


def test_the_official_release_brings_its_language_host(clone: Path) -> None:
    release = made(official.key(), *BUNDLE)
    for name in BUNDLE:
        binaries.link(name, release / name)
    assert "(official)" in str(pulumi_parts.engine())
    assert "(official)" in str(pulumi_parts.host())


def test_a_downloaded_plugin_is_a_linked_folder(clone: Path, tmp_path: Path) -> None:
    place = pulumi_parts.plugin_folder()
    command(tmp_path / "download", PLUGIN)
    binaries.link(place.name, tmp_path / "download", place.parent)
    binaries.link(PLUGIN, place / PLUGIN)
    assert "(official)" in str(pulumi_parts.plugin())
    assert paths.LINKS / PLUGIN in paths.LINKS.iterdir()
