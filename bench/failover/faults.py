"""What is done to the member that leads, and how it is made good where it does not heal by itself."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.failover.stack import container
from tests.live.project import Project


@dataclass(frozen=True, slots=True)
class Fault:
    """Both get the project and the member's name. `aim` finds everything out; what it returns strikes at once."""

    aim: Callable[[Project, str], Callable[[], None]]
    heal: Callable[[Project, str], None]


def kill(project: Project, name: str) -> Callable[[], None]:
    """The container's first process, from the host: to the engine a crash, it starts it again."""
    pid = _pid(project, name)
    return lambda: os.kill(pid, signal.SIGKILL)


def docker_kill(project: Project, name: str) -> Callable[[], None]:
    """To the engine a wish: it stays dead."""
    return container(project, name).kill


def crash(project: Project, name: str) -> Callable[[], None]:
    """PostgreSQL's postmaster; Patroni lives on."""
    postmaster = next(pid for pid in _pids(project, name) if _runs(pid, "/usr/lib/postgresql/"))
    return lambda: os.kill(postmaster, signal.SIGKILL)


def hang(project: Project, name: str) -> Callable[[], None]:
    """Every process of the container is stopped: the kernel goes on to take connections for them."""
    pids = _pids(project, name)

    def stop() -> None:
        for pid in pids:
            with suppress(ProcessLookupError):  # a backend that has ended meanwhile
                os.kill(pid, signal.SIGSTOP)

    return stop


def start(project: Project, name: str) -> None:
    """Where it was not started by the engine."""
    one = container(project, name)
    if one.status != "running":
        one.start()


def end_hang(project: Project, name: str) -> None:
    """What still is stopped is ended: it must not wake up and believe that it leads."""
    if any(_stopped(pid) for pid in _pids(project, name)):
        kill(project, name)()


def nothing(project: Project, name: str) -> None:
    """It heals by itself."""


FAULTS = {
    "kill": Fault(kill, nothing),
    "docker-kill": Fault(docker_kill, start),
    "crash": Fault(crash, nothing),
    "hang": Fault(hang, end_hang),
}


def _pid(project: Project, name: str) -> int:
    pid = int(container(project, name).attrs["State"]["Pid"])
    assert pid > 1, f"{name} does not run"  # noqa: S101  0 would be this process's own group
    return pid


def _pids(project: Project, name: str) -> list[int]:
    """Of the host; none when it does not run."""
    one = container(project, name)
    if one.status != "running":
        return []
    listed = one.top()
    column = listed["Titles"].index("PID")
    return [int(row[column]) for row in listed["Processes"]]


def _runs(pid: int, program: str) -> bool:
    """Whether its command begins so: PostgreSQL's other processes have titles in place of it."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().startswith(program)


def _stopped(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] == "T"
    except OSError:
        return False
