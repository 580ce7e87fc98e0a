"""A clone and a cache of their own for each test."""

from pathlib import Path

import pytest

from tools.setup import paths


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `.basalt`, an empty cache, an empty PATH."""
    local = tmp_path / "clone" / ".basalt"
    local.mkdir(parents=True)
    monkeypatch.setattr(paths, "LOCAL", local)
    monkeypatch.setattr(paths, "LINKS", local / "bin")
    monkeypatch.setattr(paths, "PULUMI_HOME", local / "pulumi")
    monkeypatch.setattr(paths, "PULUMI_LOGS", local / "pulumi" / "logs")
    monkeypatch.setattr(paths, "STATE", local / "state")
    monkeypatch.setattr(paths, "PASSPHRASE", local / "passphrase")
    monkeypatch.setattr(paths, "ENGINE_RECORD", local / "engine.json")
    monkeypatch.setenv("BASALT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("BASALT_PULUMI", raising=False)
    return local


def command(folder: Path, name: str, prints: str = "") -> Path:
    """An executable that prints a line."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{prints}'\n")
    file.chmod(0o755)
    return file
