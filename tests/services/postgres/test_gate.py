"""The gate before a shutdown, by real sockets: it holds Patroni up while somebody keeps it, and no longer."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

_PATH = Path(__file__).parent.parent.parent.parent / "images" / "postgres" / "switch" / "gate.py"

_COME = "import sys; sys.path.insert(0, sys.argv[1]); import gate; gate._PATH = gate.Path(sys.argv[2]); gate.wait()"
_KEEP = """
import sys; sys.path.insert(0, sys.argv[1]); import gate; gate._PATH = gate.Path(sys.argv[2])
kept = gate.Gate(); print('kept', flush=True); kept.reached(30); print('reached', flush=True); sys.stdin.read()
"""


@pytest.fixture
def gate(tmp_path: Path) -> Any:
    """The module, with a gate of this test."""
    spec = spec_from_file_location("gate", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    module._PATH = tmp_path / "gate"
    return module


@pytest.fixture
def patroni(gate: Any) -> Iterator[Any]:
    """What starts its script."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", _COME, str(_PATH.parent), str(gate._PATH)]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_without_a_switchover_nobody_is_held_up(patroni: Any) -> None:
    assert patroni().wait(10) == 0


def test_who_comes_waits_until_it_is_open(gate: Any, patroni: Any) -> None:
    kept, script = gate.Gate(), patroni()
    assert kept.reached(10)
    assert script.poll() is None
    kept.open()
    assert script.wait(10) == 0
    assert not gate._PATH.exists()


def test_that_nobody_comes_is_known(gate: Any) -> None:
    kept = gate.Gate()
    assert not kept.reached(0.01)
    kept.open()


def test_a_keeper_that_is_killed_holds_nobody_up_and_is_followed_by_another(gate: Any, patroni: Any) -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-c", _KEEP, str(_PATH.parent), str(gate._PATH)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == b"kept\n"
    script = patroni()
    assert keeper.stdout.readline() == b"reached\n"
    os.kill(keeper.pid, signal.SIGKILL)
    keeper.communicate()
    assert script.wait(10) == 0
    # Its socket is left, and answers nobody.
    assert gate._PATH.exists()
    assert patroni().wait(10) == 0
    gate.Gate().open()
