"""A stack over one host with a kernel of its own, and what that kernel says is in force."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from basalt.collect.inventory import inventory
from tests.ansible.lab import Lab, Run, document
from tests.lab.vm import ADDRESS, VirtualMachine, virtual_machine
from tests.live.project import ROOT, copy, forget
from tools.setup import base_image

NAME = "node-1"
#: sshd is asked for at the port that QEMU holds, and listens where it always did.
_HERE = ["--extra-vars", json.dumps({"ssh_port": 22})]
_FOLDER = ROOT / ".basalt" / "test-virtual"
#: Variables that the kernel of a suite does not have yet.
_TO_COME = {"trixie": set[str](), "bookworm": {"kernel.io_uring_disabled"}}
_KERNEL = ROOT / "ansible" / "roles" / "kernel" / "vars" / "main.yml"


@dataclass(frozen=True)
class Virtual:
    """The host, and a copy of this repository whose stack `lab` is declared over it."""

    lab: Lab
    machine: VirtualMachine
    suite: str

    def play(self, playbook: str, *arguments: str) -> Run:
        """`basalt hosts PLAYBOOK --stack lab ARGUMENTS`"""
        return self.lab.play(playbook, *_HERE, *arguments)

    @property
    def wanted(self) -> dict[str, str]:
        """Variables of the kernel that the stack asks this host for."""
        every: dict[str, Any] = yaml.safe_load(_KERNEL.read_text())["_kernel_every_host"]
        own: dict[str, Any] = inventory(self.lab.project.topology).hosts[NAME]["basalt_kernel"]
        return {name: str(value) for name, value in (every | own).items() if name not in _TO_COME[self.suite]}

    @property
    def variables(self) -> dict[str, str]:
        """The same as they are in force."""
        found = self.machine.run(f"sysctl --values {' '.join(self.wanted)}").splitlines()
        return dict(zip(self.wanted, found, strict=True))

    @property
    def firewall(self) -> str:
        """The chain that stands before everything."""
        return self.machine.run("nft --stateless list chain inet basalt arriving")

    @property
    def audited(self) -> set[str]:
        """Keys of the rules that the kernel has loaded."""
        loaded = self.machine.run("auditctl -l").split()
        return {word.removeprefix("key=") for word in loaded if word.startswith("key=")}

    @property
    def audit_rules(self) -> set[str]:
        """Keys of those that are written."""
        written = self.machine.run("cat /etc/audit/rules.d/basalt.rules").split()
        return {word.removeprefix("key=") for word in written if word.startswith("key=")}


@contextmanager
def virtual(folder: Path, suite: str = base_image.SUITE) -> Iterator[Virtual]:
    """Bare, of a suite of Debian, reached by a key that is made in `folder`. Nothing of it is left."""
    forget(_FOLDER)
    project = copy(_FOLDER, "lab")
    try:
        with virtual_machine(folder, suite) as machine:
            # As much memory as the stack plans for: what stands on a host sizes its kernel, and nothing runs here.
            hosts = {NAME: {"address": ADDRESS, "zone": "a", "cores": 2, "memory_gb": 12, "engine": machine.login}}
            project.stack_file.write_text(yaml.safe_dump(document(hosts), sort_keys=False))
            lab = Lab(project, machine.operator, {})
            key = machine.operator.key.with_suffix(".pub").read_text().strip()
            lab.tell(base_users=[{"name": "ops", "keys": [key], "sudo": True}])
            yield Virtual(lab, machine, suite)
    finally:
        forget(_FOLDER)
