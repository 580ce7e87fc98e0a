"""Helpers of a killed engine are found and ended, and no others."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from basalt.operations import helpers
from tests.waiting import until

#: Of this process alone: others run the same tests beside it.
BACKEND = f"file:///tests/operations/test_helpers/{os.getpid()}"
Start = Callable[[str, int], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that looks like a plugin of an engine at a port; ends it afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(backend: str, port: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", "input()", "pulumi-resource-docker", f"127.0.0.1:{port}"]
        variables = {**os.environ, "PULUMI_BACKEND_URL": backend}
        started.append(subprocess.Popen(command, env=variables, stdin=subprocess.PIPE))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def engine() -> Iterator[int]:
    """The port of an engine that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_helper_whose_engine_is_gone_is_an_orphan(start: Start) -> None:
    process = start(BACKEND, closed_port())
    assert until(lambda: list(helpers.orphans(BACKEND)), "the orphan", 5) == [process.pid]


def test_a_helper_of_a_living_engine_is_left_alone(start: Start, engine: int) -> None:
    start(BACKEND, engine)
    assert list(helpers.orphans(BACKEND)) == []


def test_a_helper_of_another_state_is_left_alone(start: Start) -> None:
    start("file:///somewhere/else", closed_port())
    assert list(helpers.orphans(BACKEND)) == []


def test_what_is_ended_is_gone(start: Start) -> None:
    process = start(BACKEND, closed_port())
    helpers.end([process.pid])
    assert process.wait(timeout=5) != 0
    assert list(helpers.orphans(BACKEND)) == []
