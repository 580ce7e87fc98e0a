"""What is done to the member that leads, and how it is made good where it does not heal by itself."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from bench.failover.stack import container
from tests.live.project import Project, execute

_POSTMASTER = "kill -9 $(head -1 /var/lib/postgresql/pgdata/postmaster.pid)"


@dataclass(frozen=True, slots=True)
class Fault:
    """Both get the project and the member's name."""

    strike: Callable[[Project, str], None]
    heal: Callable[[Project, str], None]


def kill(project: Project, name: str) -> None:
    """The container's first process, from the host: to the engine a crash, it starts it again."""
    os.kill(_pid(project, name), signal.SIGKILL)


def docker_kill(project: Project, name: str) -> None:
    """To the engine a wish: it stays dead."""
    container(project, name).kill()


def crash(project: Project, name: str) -> None:
    """PostgreSQL's postmaster; Patroni lives on."""
    execute(container(project, name), "sh", "-c", _POSTMASTER)


def hang(project: Project, name: str) -> None:
    """Every process of the container is stopped: the kernel goes on to take connections for them."""
    for pid in _pids(project, name):
        os.kill(pid, signal.SIGSTOP)


def start(project: Project, name: str) -> None:
    """Where it was not started by the engine."""
    one = container(project, name)
    if one.status != "running":
        one.start()


def end_hang(project: Project, name: str) -> None:
    """What still is stopped is ended: it must not wake up and believe that it leads."""
    if any(_stopped(pid) for pid in _pids(project, name)):
        kill(project, name)


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


def _stopped(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] == "T"
    except OSError:
        return False
