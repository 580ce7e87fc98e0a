"""A change that locks its maker out is taken back by the host itself."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.ansible.lab import Lab, Run
from tests.waiting import until

#: What is promised, in seconds.
BOUND = 60
FILES = ("/etc/nftables.conf", "/etc/ssh/sshd_config")


@dataclass
class Outage:
    """How long logins to a host failed in a row, at most; in seconds."""

    longest: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self, log_in: Callable[[], bool]) -> None:
        """Tries until it is told to stop."""
        since = time.monotonic()
        while not self.stop.is_set():
            if log_in():
                since = time.monotonic()
            self.longest = max(self.longest, time.monotonic() - since)
            self.stop.wait(0.5)


@contextmanager
def watched(log_in: Callable[[], bool]) -> Iterator[Outage]:
    """Logs in again and again meanwhile."""
    outage = Outage()
    watcher = threading.Thread(target=outage.watch, args=(log_in,))
    watcher.start()
    try:
        yield outage
    finally:
        outage.stop.set()
        watcher.join()


def log_in(lab: Lab, name: str) -> bool:
    """By a new connection."""
    return lab.operator.ssh(f"root@{lab.machines[name].address}", "true", patience=5).returncode == 0


def state(lab: Lab, name: str) -> str:
    """What is on the disk and what is in force."""
    machine = lab.machines[name]
    rules = machine.run("nft", "--stateless", "list", "table", "inet", "basalt")
    return "\n".join((machine.run("sha256sum", *FILES), rules, machine.run("sshd", "-T")))


@dataclass(frozen=True)
class Trial:
    """A change that locks out, and what came of it."""

    run: Run
    outage: float
    before: str
    after: str


#: By host: sshd that lets root in no longer, a firewall that lets nobody in.
WRONG = {"node-2": '{"ssh_root": false}', "node-3": '{"firewall_operators": ["203.0.113.0/24"]}'}


@pytest.fixture(scope="module")
def trials(lab: Lab) -> dict[str, Trial]:
    """All at once: each takes its time, whatever the machine."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(WRONG, pool.map(lambda name: _try(lab, name), WRONG), strict=True))


def _try(lab: Lab, name: str) -> Trial:
    before = state(lab, name)
    with watched(lambda: log_in(lab, name)) as outage:
        run = lab.play("harden", "--limit", name, "--extra-vars", WRONG[name])
        until(lambda: log_in(lab, name), f"a login to {name}", BOUND)
    return Trial(run, outage.longest, before, state(lab, name))


@pytest.mark.parametrize("name", WRONG)
def test_who_locks_himself_out_is_back_within_a_minute(trials: dict[str, Trial], name: str) -> None:
    print(f"{name}: no login for {trials[name].outage:.0f} s")
    assert 5 < trials[name].outage < BOUND


@pytest.mark.parametrize("name", WRONG)
def test_what_locked_him_out_is_told_and_nothing_is_left_of_it(trials: dict[str, Trial], name: str) -> None:
    run = trials[name].run
    assert run.code != 0
    assert f"of {name} was tried and taken back" in " ".join(run.output.split())
    assert run.of(name, "changed") == 0
    assert trials[name].after == trials[name].before


def test_a_boot_in_the_middle_of_a_trial_is_its_end(lab: Lab) -> None:
    machine = lab.machines["node-1"]
    before = state(lab, "node-1")
    words = ("hosts", "harden", "--stack", "lab", "--limit", "node-1", "--extra-vars", WRONG["node-3"])
    play = lab.project.start(sys.executable, "-m", "basalt", *words)
    try:
        until(lambda: not log_in(lab, "node-1"), "a lockout", 120)
    finally:
        play.kill()
        play.communicate()
    machine.container.restart(timeout=5)
    until(machine.ready, "node-1 has booted", 300)
    until(lambda: log_in(lab, "node-1"), "a login", 60)
    assert state(lab, "node-1") == before
    # What a boot makes anew is not what a role has written.
    assert lab.right("site", "--limit", "node-1").changed["node-1"] == []
