"""What only a host knows of itself is in a file that the stack's node exporter reads."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from testinfra.host import Host

from tests import promtool
from tests.ansible.lab import Lab
from tests.lab.machines import Machine
from tests.waiting import until

FILE = "/var/lib/misc/basalt.prom"
_RESULT = "/var/lib/aide/result"
#: Of no one (RFC 5737).
_BANNED = "192.0.2.77"
#: Only these lists: nothing is downloaded.
_ONLY = "Dir::Etc::SourceList=sources.list.d/test.list"
_LISTS = ("apt-get", "update", "-o", _ONLY, "-o", "Dir::Etc::SourceParts=-", "-o", "APT::Get::List-Cleanup=0")


def told(machine: Machine) -> dict[str, float]:
    """The metrics; a telling that goes on already is begun anew."""
    machine.run("systemctl", "restart", "basalt-facts")
    return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", machine.run("cat", FILE), re.M)}


@pytest.fixture
def troubled(lab: Lab) -> Iterator[Machine]:
    """A host that waits for a boot, has banned somebody and has been changed."""
    machine = lab.machines["node-2"]
    machine.run("touch", "/run/reboot-required")
    lab.pardon()
    # One that ends later would write over what is planted.
    state = ("systemctl", "show", "basalt-aide", "--property=ActiveState", "--value")
    until(lambda: machine.run(*state).strip() != "activating", "the comparison's end", 180)
    machine.run("fail2ban-client", "set", "sshd", "banip", _BANNED)
    machine.run("sh", "-c", f"cp --preserve {_RESULT} {_RESULT}.kept; echo 5 > {_RESULT}")
    yield machine
    machine.run("mv", f"{_RESULT}.kept", _RESULT)
    machine.run("fail2ban-client", "unban", _BANNED)
    machine.run("rm", "/run/reboot-required")


def test_what_troubles_a_host_is_told_and_what_does_not_is_told_as_nothing(lab: Lab, troubled: Machine) -> None:
    wanted = {"node_reboot_required": 1, "node_addresses_banned": 1, "node_files_compared_result": 5}
    found = told(troubled)
    assert wanted == {name: found[name] for name in wanted}
    well = told(lab.machines["node-3"])
    assert well["node_reboot_required"] == well["node_addresses_banned"] == 0


@pytest.fixture
def offered(lab: Lab) -> Iterator[tuple[Machine, float]]:
    """A host that is offered two newer packages, of which one closes a hole; and how many did before."""
    machine = lab.machines["node-2"]
    before = told(machine)["node_security_updates_pending"]
    for label, package in {"Debian-Security": "sudo", "Debian": "kmod"}.items():
        folder = f"/srv/{label}"
        stanza = f"Package: {package}\\nVersion: 99\\nArchitecture: amd64\\nFilename: none\\nSize: 1\\n"
        machine.run("mkdir", folder)
        machine.run("sh", "-c", f"printf '{stanza}' > {folder}/Packages; echo 'Label: {label}' > {folder}/Release")
        machine.run("sh", "-c", f"echo 'deb [trusted=yes] file:{folder} ./' >> /etc/apt/sources.list.d/test.list")
    machine.run(*_LISTS)
    yield machine, before
    machine.run("sh", "-c", "rm -r /srv/Debian* /etc/apt/sources.list.d/test.list /var/lib/apt/lists/_srv_*")


def test_updates_that_close_holes_are_counted_and_no_other(offered: tuple[Machine, float]) -> None:
    machine, before = offered
    assert told(machine)["node_security_updates_pending"] == before + 1


def test_what_cannot_be_asked_is_not_told_as_nothing(lab: Lab) -> None:
    machine = lab.machines["node-2"]
    machine.run("systemctl", "stop", "fail2ban")
    machine.run("sh", "-c", f"cp --preserve {_RESULT} {_RESULT}.kept; : > {_RESULT}")  # as a full disk leaves it
    try:
        found = told(machine)
    finally:
        machine.run("systemctl", "start", "fail2ban")
        machine.run("mv", f"{_RESULT}.kept", _RESULT)
    assert not {"node_addresses_banned", "node_files_compared_result"} & found.keys()
    assert "node_security_updates_pending" in found


def test_the_exporter_may_read_it_and_prometheus_understands_it(host: Host, tmp_path: Path) -> None:
    host.check_output("systemctl start basalt-facts")
    file = host.file(FILE)
    assert (file.user, file.mode) == ("root", 0o644)
    promtool.run("check", "metrics", folder=tmp_path, told=file.content_string)


def test_it_is_told_again_and_again(host: Host) -> None:
    timer = host.service("basalt-facts.timer")
    assert timer.is_enabled
    assert timer.is_running
