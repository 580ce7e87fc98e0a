"""A stack over bare hosts, and what playbooks said when they were run over them."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import yaml

from tests.lab.machines import Machine, Operator, machines
from tests.live.project import ROOT, Project, copy, forget
from tests.waiting import until

#: With their zones; the stranger is on the network, and in no stack file.
HOSTS = {"node-1": "a", "node-2": "b", "node-3": "c"}
STRANGER = "stranger"
#: Both releases that the roles are for.
SUITES = dict.fromkeys([*HOSTS, STRANGER], "trixie") | {"node-3": "bookworm"}
ENGINE = 2376
_FOLDER = ROOT / ".basalt" / "test-machines"
#: Of the containers that such hosts would carry.
_CONTAINERS = "198.18.128.0/20"


@dataclass(frozen=True)
class Run:
    """What a run of a playbook ended with."""

    code: int
    output: str
    seconds: float

    @cached_property
    def changed(self) -> dict[str, list[str]]:
        """The tasks that changed something, by host. Handlers are left out: they take up what a task has changed."""
        found: dict[str, list[str]] = {name: [] for name in HOSTS}
        task = ""
        for line in self.output.splitlines():
            if started := re.match(r"(?:TASK|RUNNING HANDLER) \[(.*?)\] \*", line):
                task = started[1] if line.startswith("TASK") else ""
            elif (told := re.match(r"changed: \[([a-z0-9-]+)\]", line)) and task:
                found[told[1]].append(task)
        return found

    def of(self, host: str, word: str) -> int:
        """A number of the recap: `changed`, `failed`, `unreachable`."""
        found = re.search(rf"^{host} .*\b{word}=(\d+)", self.output, re.MULTILINE)
        assert found, self.output
        return int(found[1])


@dataclass(frozen=True)
class Lab:
    """Bare hosts, their operator, and a copy of this repository whose stack `lab` is declared over them."""

    project: Project
    operator: Operator
    machines: dict[str, Machine]

    def play(self, playbook: str, *arguments: str) -> Run:
        """`basalt hosts PLAYBOOK --stack lab ARGUMENTS`"""
        started = time.monotonic()
        done = self.project.basalt("hosts", playbook, *arguments, check=False)
        return Run(done.returncode, done.stdout, time.monotonic() - started)

    def right(self, playbook: str, *arguments: str) -> Run:
        """The same; AssertionError with its output when it fails."""
        run = self.play(playbook, *arguments)
        assert run.code == 0, run.output
        return run

    def pardon(self) -> None:
        """Nobody is banned any more: who looks whether sshd's port is open, and says nothing, counts as a guesser."""
        for name in HOSTS:
            machine = self.machines[name]
            until(partial(machine.ran, "fail2ban-client", "ping"), f"fail2ban of {name}", 60)
            machine.run("fail2ban-client", "unban", "--all")

    @contextmanager
    def spared(self, address: str) -> Iterator[None]:
        """Nobody bans an address for a while."""
        self.pardon()
        for name in HOSTS:
            self.machines[name].run("fail2ban-client", "set", "sshd", "addignoreip", address)
        try:
            yield
        finally:
            for name in HOSTS:
                self.machines[name].run("fail2ban-client", "set", "sshd", "delignoreip", address)

    @property
    def variables(self) -> Path:
        """The operator's own variables of all hosts, beside the stack file."""
        return self.project.folder / "stacks" / "group_vars" / "machines.yml"

    def tell(self, **variables: Any) -> None:
        """Writes the operator's variables."""
        self.variables.parent.mkdir(exist_ok=True)
        self.variables.write_text(yaml.safe_dump({**self.operator.variables, **variables}, sort_keys=False))

    @contextmanager
    def declared(self, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """Another topology for a while. What hosts were made into by it is the caller's to undo."""
        before = self.project.edit(change)
        try:
            yield
        finally:
            self.project.stack_file.write_text(before)


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    """The lab; the operator's key is made in `folder`. Nothing of it is left."""
    forget(_FOLDER)
    project = copy(_FOLDER, "lab")
    try:
        with machines(SUITES, folder) as (operator, made):
            named = {machine.name: machine for machine in made}
            hosts = {name: _host(named[name].address, zone) for name, zone in HOSTS.items()}
            project.stack_file.write_text(yaml.safe_dump(document(hosts), sort_keys=False))
            yield Lab(project, operator, named)
    finally:
        forget(_FOLDER)


def document(hosts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The stack file of `test`, over other hosts: it has an edge for everybody, and ports for some hosts only."""
    made: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.test.yaml").read_text())
    topology = made["config"]["basalt:topology"]
    topology |= {"network": _CONTAINERS, "hosts": hosts}
    topology["services"]["nginx"]["publish"] = {"https": "0.0.0.0:8443", "http": "0.0.0.0:8080"}
    return made


def _host(address: str, zone: str) -> dict[str, Any]:
    return {"address": address, "zone": zone, "cores": 2, "memory_gb": 4, "engine": f"tcp://{address}:{ENGINE}"}
