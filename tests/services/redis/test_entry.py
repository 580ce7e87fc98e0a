"""The entry script of a sentinel: what it keeps when its declared configuration changes."""

import os
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parent.parent.parent.parent / "images" / "redis" / "bin" / "redis-voter"

_DECLARED = """\
# member redis-1 6379
# member redis-2 6379
port 0
sentinel monitor main redis-1 6379 2
sentinel down-after-milliseconds main 1500
"""
_LEARNT = """\
port 0
sentinel monitor main redis-2 6379 2
sentinel myid 0123
sentinel down-after-milliseconds main 1000
sentinel config-epoch main 4
sentinel leader-epoch main 4
sentinel current-epoch 5
sentinel known-replica main redis-9 6379
"""


class Voter:
    """The script with its folders moved below a temporary one, and a Redis that only exits."""

    def __init__(self, folder: Path) -> None:
        self.declared = folder / "sentinel.declared"
        self.state = folder / "sentinel.conf"
        server = folder / "redis-server"
        server.write_text("#!/bin/sh\n")
        server.chmod(0o755)
        text = _SCRIPT.read_text().replace("/etc/basalt/sentinel.conf", str(self.declared))
        self._script = folder / "voter"
        self._script.write_text(text.replace("/var/lib/redis-sentinel", str(folder)))
        self._path = f"{folder}:{os.environ['PATH']}"

    def start(self, declared: str = _DECLARED) -> list[str]:
        self.declared.write_text(declared)
        subprocess.run(["sh", str(self._script)], check=True, env={"PATH": self._path})
        return self.state.read_text().splitlines()


@pytest.fixture
def voter(tmp_path: Path) -> Voter:
    return Voter(tmp_path)


def test_the_first_start_takes_what_is_declared(voter: Voter) -> None:
    assert voter.start() == [line for line in _DECLARED.splitlines() if not line.startswith("#")]


def test_a_restart_keeps_everything_that_was_learnt(voter: Voter) -> None:
    voter.start()
    voter.state.write_text(_LEARNT)
    assert voter.start() == _LEARNT.splitlines()


def test_a_changed_declaration_applies_and_the_master_stays(voter: Voter) -> None:
    voter.start()
    voter.state.write_text(_LEARNT)
    lines = voter.start(_DECLARED.replace("1500", "2000"))
    assert "sentinel down-after-milliseconds main 2000" in lines
    assert "sentinel monitor main redis-2 6379 2" in lines


def test_a_changed_declaration_forgets_no_vote(voter: Voter) -> None:
    voter.start()
    voter.state.write_text(_LEARNT)
    lines = voter.start(_DECLARED.replace("1500", "2000"))
    for line in ("myid 0123", "config-epoch main 4", "leader-epoch main 4", "current-epoch 5"):
        assert f"sentinel {line}" in lines


def test_members_that_are_no_longer_declared_are_forgotten(voter: Voter) -> None:
    voter.start()
    voter.state.write_text(_LEARNT)
    lines = voter.start(_DECLARED.replace("# member redis-2 6379\n", "# member redis-3 6379\n"))
    assert "sentinel monitor main redis-1 6379 2" in lines
    assert not [line for line in lines if "redis-9" in line]
