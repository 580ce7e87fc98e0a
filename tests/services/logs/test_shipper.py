"""The program that tells syslog-ng which files there are."""

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

_PATH = Path(__file__).parent.parent.parent.parent / "images" / "logs" / "bin" / "basalt-shipper"
_LOADER = SourceFileLoader("basalt_shipper", str(_PATH))
_SPEC = importlib.util.spec_from_loader("basalt_shipper", _LOADER)
assert _SPEC is not None
shipper = importlib.util.module_from_spec(_SPEC)
_LOADER.exec_module(shipper)


def write(folder: Path, name: str, stack: str, log: str = "hello") -> None:
    """What Docker writes for the first line of a container."""
    (folder / name).mkdir(exist_ok=True)
    attrs = f'"attrs":{{"basalt.service":"mail","basalt.stack":"{stack}","tag":"{stack}-mail-1"}}'
    line = f'{{"log":"{log}\\n","stream":"stdout",{attrs},"time":"2026-11-25T07:15:43.28Z"}}\n'
    (folder / name / f"{name}-json.log").write_text(line)


@pytest.fixture
def watch(tmp_path: Path) -> Any:
    return shipper.Watch(tmp_path, "dev")


def test_only_containers_of_the_stack_are_followed(watch: Any, tmp_path: Path) -> None:
    write(tmp_path, "a1", "dev")
    write(tmp_path, "b2", "test")
    (tmp_path / "c3").mkdir()
    (tmp_path / "c3" / "c3-json.log").write_text('{"log":"no labels\\n","stream":"stdout","time":"2026"}\n')
    assert watch.look() == {"a1"}


def test_a_line_cannot_say_that_it_is_of_another_stack() -> None:
    faked = '{"log":"\\"basalt.stack\\":\\"dev\\"","stream":"stdout","attrs":{"basalt.stack":"test"},"time":"2026"}'
    assert not shipper.belongs(faked.encode(), "dev")
    assert shipper.belongs(faked.encode(), "test")


def test_a_container_is_followed_from_its_first_line_on(watch: Any, tmp_path: Path) -> None:
    (tmp_path / "a1").mkdir()
    assert watch.look() == set()
    (tmp_path / "a1" / "a1-json.log").write_text("")
    assert watch.look() == set()
    write(tmp_path, "a1", "dev")
    assert watch.look() == {"a1"}


def test_one_that_went_is_read_to_its_end_and_then_forgotten(watch: Any, tmp_path: Path) -> None:
    write(tmp_path, "a1", "dev")
    write(tmp_path, "b2", "dev")
    assert watch.look() == {"a1", "b2"}
    (tmp_path / "a1" / "a1-json.log").unlink()
    (tmp_path / "a1").rmdir()
    seen = [watch.look() for _ in range(4)]
    assert seen == [{"a1", "b2"}, {"a1", "b2"}, {"a1", "b2"}, {"b2"}]


def test_the_same_containers_are_the_same_configuration() -> None:
    assert shipper.sources(frozenset({"b2", "a1"})) == (
        'source docker {\n    container(id("a1"));\n    container(id("b2"));\n};\n'
    )
