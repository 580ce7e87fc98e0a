"""Templates are compiled once, and again when they have changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from basalt import render


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(render, "TEMPLATES", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    render._environment.cache_clear()
    yield tmp_path
    render._environment.cache_clear()


def test_a_compiled_template_is_kept_and_a_changed_one_is_compiled_anew(templates: Path) -> None:
    (templates / "greeting.j2").write_text("Hello {{ name }}\n")
    assert render.render("greeting.j2", name="Ada") == "Hello Ada\n"
    (kept,) = (templates / "__pycache__").iterdir()
    before = kept.read_bytes()
    render._environment.cache_clear()
    assert render.render("greeting.j2", name="Bob") == "Hello Bob\n"
    assert kept.read_bytes() == before
    (templates / "greeting.j2").write_text("Good morning {{ name }}\n")
    render._environment.cache_clear()
    assert render.render("greeting.j2", name="Ada") == "Good morning Ada\n"
    assert kept.read_bytes() != before


def test_nothing_is_kept_where_python_keeps_nothing(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (templates / "greeting.j2").write_text("Hello {{ name }}\n")
    assert render.render("greeting.j2", name="Ada") == "Hello Ada\n"
    assert not (templates / "__pycache__").exists()
