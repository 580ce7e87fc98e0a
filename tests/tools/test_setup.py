"""What is left: the passphrase, the environment, the base image's name, the command line."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tools.setup import base_image, cli, environment, paths, runner
from tools.setup.local_state import LocalState
from tools.setup.step import Log


def test_the_passphrase_is_made_once_and_only_for_its_owner(clone: Path, tmp_path: Path) -> None:
    step, log = LocalState(), Log(tmp_path / "log")
    assert step.check() is None
    step.make(log)
    first = paths.PASSPHRASE.read_text()
    assert len(first) >= 32
    assert stat.S_IMODE(paths.PASSPHRASE.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.LOCAL.stat().st_mode) == 0o700
    step.make(log)
    assert paths.PASSPHRASE.read_text() == first
    assert step.check() is not None
    assert first not in log.tail()


def test_the_engine_keeps_no_log_of_all_properties_and_one_that_is_there_is_left(clone: Path, tmp_path: Path) -> None:
    step, log = LocalState(), Log(tmp_path / "log")
    step.make(log)
    assert paths.PULUMI_LOGS.is_file()
    paths.PULUMI_LOGS.unlink()
    paths.PULUMI_LOGS.mkdir()
    step.make(log)
    assert paths.PULUMI_LOGS.is_dir()
    assert step.check() is not None


def test_variables_that_are_set_keep_their_values() -> None:
    given = {"PULUMI_BACKEND_URL": "s3://states", "PULUMI_CONFIG_PASSPHRASE": "", "PATH": "/usr/bin"}
    made = environment.variables(given)
    assert made["PULUMI_BACKEND_URL"] == "s3://states"
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in made
    assert made["PATH"] == f"{paths.VENV / 'bin'}:{paths.LINKS}:/usr/bin"


def test_the_environment_is_the_same_when_it_is_entered_twice() -> None:
    once = environment.variables({"PATH": "/usr/bin"})
    assert environment.variables(once) == once


def test_a_shell_takes_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LINKS", Path("/a folder/with $signs"))
    script = f'PATH=/usr/bin; {environment.shell()}; echo "$PATH"'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{paths.VENV / 'bin'}:/a folder/with $signs:/usr/bin\n"


def test_the_base_image_is_named_by_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASALT_DEBIAN_MIRROR", raising=False)
    usual = base_image.name()
    assert usual.startswith("basalt/base:trixie-")
    monkeypatch.setenv("BASALT_DEBIAN_MIRROR", "http://mirror.example.com/")
    assert base_image.name() != usual
    assert "deb http://mirror.example.com/debian-security trixie-security main" in base_image.sources()


def test_the_table_names_what_is_missing_with_its_remedy() -> None:
    results = [
        runner.Result("docker engine", ok=True, found="20.10.24", seconds=0.1),
        runner.Result("base image", ok=False, found="missing", seconds=0.0, remedy="reach a mirror"),
    ]
    lines = cli.table(results).splitlines()
    assert lines[1] == "ok docker engine  20.10.24"
    assert lines[2] == "-- base image     missing"
    assert lines[3].strip() == "remedy: reach a mirror"
    assert "1 missing" in lines[4]


def test_a_check_tells_by_its_status_and_as_json(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--check", "--json", "--only", "local-state"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["ok"], bool(one["remedy"])) for one in found] == [("local state", False, True)]
    assert cli.main(["--only", "local-state"]) == 0
    assert cli.main(["--check", "--only", "local-state"]) == 0


def test_an_unknown_step_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["--only", "kubernetes"])
    assert "docker-engine" in capsys.readouterr().err


def test_the_installed_command_works_in_every_folder(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("basalt")
    if not command.exists():
        pytest.skip("basalt is not installed here")
    done = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_need_is_a_step() -> None:
    names = [step.name for step in cli.steps()]
    assert len(set(names)) == len(names)
    for step in cli.steps():
        assert set(step.needs) < set(names)


def test_setup_needs_nothing_but_the_standard_library() -> None:
    """-S -E: no site-packages; that is what a bare machine has."""
    done = subprocess.run(
        ["python3", "-S", "-E", "tools/setup", "--help"],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert "--check" in done.stdout
