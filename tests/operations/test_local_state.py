"""A state whose writer was killed half-way can be read again."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from basalt.operations import local_state
from tools.setup import environment, paths


def pulumi(folder: Path, backend: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """In a project of its own."""
    (folder / "Pulumi.yaml").write_text("{name: basalt, runtime: python}")
    given = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    own = {"PULUMI_BACKEND_URL": backend, "PULUMI_CONFIG_PASSPHRASE": "probe"}
    return subprocess.run(
        ["pulumi", *arguments, "--stack", "probe", "--non-interactive"],
        cwd=folder,
        env={**environment.variables(given), **given, **own},
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.live
def test_a_state_that_pulumi_cannot_load_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = tmp_path.as_uri()
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    assert pulumi(tmp_path, backend, "stack", "init").returncode == 0
    note = tmp_path / ".pulumi" / "stacks" / "basalt" / "probe.json.attrs"
    assert note.read_text()
    local_state.mend()
    assert note.exists(), "one that is whole stays"
    note.write_text("")
    assert "failed to load checkpoint: EOF" in pulumi(tmp_path, backend, "stack", "export").stderr
    local_state.mend()
    assert pulumi(tmp_path, backend, "stack", "export").returncode == 0


@pytest.mark.live
def test_the_state_of_a_clone_has_nothing_that_a_kill_can_break(tmp_path: Path) -> None:
    backend = environment.variables({})["PULUMI_BACKEND_URL"].replace(str(paths.STATE), str(tmp_path))
    assert urlsplit(backend).path == str(tmp_path)
    assert pulumi(tmp_path, backend, "stack", "init").returncode == 0
    assert list(tmp_path.rglob("probe.json"))
    assert not list(tmp_path.rglob("*.attrs"))


def test_a_lock_of_a_dead_process_is_found_and_that_of_a_living_machine_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"{tmp_path.as_uri()}?metadata=skip")
    assert not local_state.locked("lab")
    lock = tmp_path / ".pulumi" / "locks" / "organization" / "basalt" / "lab" / "1.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(f'{{"pid": {os.getpid()}, "hostname": "{os.uname().nodename}"}}')
    assert local_state.locked("lab")
    lock.write_text('{"pid": 1, "hostname": "elsewhere"}')
    with pytest.raises(local_state.BusyError, match="process 1 of elsewhere"):
        local_state.locked("lab")


def test_a_state_elsewhere_has_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    local_state.mend()
    assert not local_state.locked("lab")
