import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tools.setup import docker_engine, engine_api, paths
from tools.setup.process import Process
from tools.setup.step import Log, SetupError


@pytest.fixture
def daemon() -> Iterator[subprocess.Popen[bytes]]:
    """Something that runs until it is told to end, and is reaped as init would do it."""
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield child
    child.kill()
    child.wait()


def recorded(child: "subprocess.Popen[bytes]") -> Process:
    process = Process.of(child.pid)
    assert process is not None
    process.save(paths.ENGINE_RECORD)
    return process


def test_the_engine_that_this_clone_started_is_stopped(clone: Path, daemon: "subprocess.Popen[bytes]") -> None:
    recorded(daemon)
    assert f"process {daemon.pid}" in docker_engine.stop()
    assert daemon.wait(10) != 0
    assert not paths.ENGINE_RECORD.exists()


def test_a_process_that_only_has_the_number_is_left_alone(clone: Path, daemon: "subprocess.Popen[bytes]") -> None:
    replace(recorded(daemon), started=1).save(paths.ENGINE_RECORD)
    assert docker_engine.stop() == "this clone started no engine that still runs"
    assert daemon.poll() is None


def test_a_record_of_another_boot_is_void(clone: Path, daemon: "subprocess.Popen[bytes]") -> None:
    replace(recorded(daemon), boot="another").save(paths.ENGINE_RECORD)
    assert Process.load(paths.ENGINE_RECORD) is None


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": 1}'])
def test_a_broken_record_is_void(clone: Path, content: str) -> None:
    paths.ENGINE_RECORD.write_text(content)
    assert Process.load(paths.ENGINE_RECORD) is None


def test_an_ended_process_is_waited_for_without_a_delay(daemon: "subprocess.Popen[bytes]") -> None:
    process = Process.of(daemon.pid)
    assert process is not None
    assert not process.ended_within(0.01)
    daemon.kill()
    assert process.ended_within(10)
    assert Process.of(os.getpid()) is not None


def test_an_engine_named_by_docker_host_is_never_installed_here(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'docker.sock'}")
    assert docker_engine.DockerEngine().check() is None
    with pytest.raises(SetupError, match="no engine answers at DOCKER_HOST="):
        docker_engine.DockerEngine().make(Log(tmp_path / "log"))


def test_an_engine_behind_ssh_is_refused_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://data-1")
    with pytest.raises(SetupError, match="unix:// and tcp:// engines only"):
        engine_api.version()


def test_an_error_inside_a_stream_of_progress_is_an_error() -> None:
    stream = b'{"status":"Importing"}\n{"errorDetail":{"message":"no space"},"error":"no space"}\n'
    with pytest.raises(SetupError, match="importing: no space"):
        engine_api.expect((200, stream), "importing")
    assert engine_api.expect((200, b'{"status":"ok"}'), "importing") == '{"status":"ok"}'
    with pytest.raises(SetupError, match="importing: server error"):
        engine_api.expect((500, b"server error"), "importing")
