"""The proof of death, with real namespaces: what a container is to the kernel, without an engine."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fencer.processes import Finder, First

from tests.waiting import until

#: Of this process alone: others run the same tests beside it.
ADDRESS = f"198.51.100.{100 + os.getpid() % 100}"
#: Its first process has a child that outlives nothing; it says when the address is there.
_PROGRAM = f"ip link set lo up && ip address add {ADDRESS}/32 dev lo && (sleep 300 & echo ready; wait)"

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not (shutil.which("unshare") and shutil.which("ip")), reason="makes namespaces, as root"
)


@pytest.fixture
def container() -> Iterator["subprocess.Popen[str]"]:
    """Namespaces of pids and of the network, with two processes."""
    order = ["unshare", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", _PROGRAM]
    with subprocess.Popen(order, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def found(finder: Finder) -> First:
    first = finder.find()
    assert first is not None
    return first


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_the_first_process_is_found_by_the_address(container: "subprocess.Popen[str]") -> None:
    first = found(Finder(ADDRESS))
    assert children(container.pid) == [first.pid]
    assert not first.ended
    first.close()


def test_who_has_another_address_is_not_taken_for_it(container: "subprocess.Popen[str]") -> None:
    assert Finder("198.51.100.99").find() is None
    assert Finder(ADDRESS[:-1]).find() is None  # the beginning of it


def test_the_proof_comes_when_nothing_of_it_runs_any_more(container: "subprocess.Popen[str]") -> None:
    first = found(Finder(ADDRESS))
    (child,) = children(first.pid)
    first.kill()
    until(lambda: first.ended, "the proof", 5, every=0.001)
    assert not alive(child)
    first.close()


def test_one_that_is_stopped_is_killed_too(container: "subprocess.Popen[str]") -> None:
    first = found(Finder(ADDRESS))
    os.kill(first.pid, 19)
    assert not first.ended
    first.kill()
    until(lambda: first.ended, "the proof", 5)
    first.close()


def test_a_dead_one_is_found_no_more(container: "subprocess.Popen[str]") -> None:
    finder = Finder(ADDRESS)
    assert finder.present()
    first = found(finder)
    first.kill()
    until(lambda: first.ended, "the proof", 5)
    assert not finder.present()
    # Until its parent has asked how it ended, a dead process takes signals.
    until(lambda: nobody_is_there(first.kill), "a number that is nobody's", 5)
    first.close()


def nobody_is_there(act: Callable[[], None]) -> bool:
    try:
        act()
    except ProcessLookupError:
        return True
    return False


def test_one_that_is_started_anew_is_found_among_those_that_were_seen() -> None:
    finder = Finder(ADDRESS)
    assert finder.find() is None
    order = ["unshare", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", _PROGRAM]
    with subprocess.Popen(order, text=True, stdout=subprocess.PIPE) as process:
        first = until(finder.find, "the container", 5, every=0.01)  # it is looked at before it has its address
        assert first is not None
        first.close()
        process.kill()


def test_a_second_look_costs_little() -> None:
    finder = Finder(ADDRESS)
    finder.find()
    begun = time.thread_time()
    finder.find()
    assert time.thread_time() - begun < 0.05, threading.active_count()
