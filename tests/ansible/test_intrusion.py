"""Who guesses at sshd is kept out, and never who has come in before; what changes on the disk is told."""

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from testinfra.host import Host

from tests.ansible.lab import STRANGER, Lab
from tests.lab.machines import OPERATOR, Machine
from tests.waiting import until

#: A guess: root, without a key. Who is banned in the midst of one would wait for as long as TCP does.
_GUESS = (
    "timeout 10 ssh -F /dev/null -i none -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=3 "
    "-o IdentitiesOnly=yes"
)
_PLANTED, _DATABASE = "/usr/local/bin/planted", "/var/lib/aide/aide.db"


def guesses(address: str, known_hosts: str) -> list[str]:
    """The command, for who keeps his known hosts there."""
    return [*_GUESS.split(), "-o", f"UserKnownHostsFile={known_hosts}", f"root@{address}"]


def banned(machine: Machine, address: str) -> bool:
    """Whether a host has banned an address."""
    return address in machine.run("fail2ban-client", "status", "sshd").rpartition("Banned IP list:")[2].split()


def test_a_stranger_who_guesses_is_banned_beside_our_own_rules(lab: Lab) -> None:
    machine, stranger = lab.machines["node-1"], lab.machines[STRANGER]

    def guessed() -> bool:
        for _ in range(5):
            stranger.ran(*guesses(machine.address, "/dev/null"))
        return banned(machine, stranger.address)

    lab.pardon()
    assert stranger.open_ports(machine.address, [22]) == {22}
    until(guessed, "a ban", 120)
    try:
        assert stranger.open_ports(machine.address, [22]) == set()
        machine.run("systemctl", "reload", "nftables")
        assert stranger.open_ports(machine.address, [22]) == set()
        assert machine.run("nft", "list", "chain", "inet", "basalt", "arriving")
        assert lab.operator.ssh(f"root@{machine.address}", "true").returncode == 0
    finally:
        machine.run("fail2ban-client", "unban", stranger.address)
    assert stranger.open_ports(machine.address, [22]) == {22}


def test_who_has_come_in_by_a_key_may_fail_as_often_as_he_likes(lab: Lab) -> None:
    machine = lab.machines["node-1"]

    def counted() -> int:
        return int(machine.run("fail2ban-client", "status", "sshd").partition("Total failed:")[2].split()[0])

    lab.pardon()
    before = counted()
    for _ in range(8):
        failed = subprocess.run(
            guesses(machine.address, str(lab.operator.known_hosts)), check=False, stdin=subprocess.DEVNULL
        )
        assert failed.returncode != 0
    # It reads them in their order: where one of a stranger's counts, those before it have been seen.
    lab.machines[STRANGER].ran(*guesses(machine.address, "/dev/null"))
    until(lambda: counted() > before, "a failure that counts", 60)
    assert not banned(machine, OPERATOR)
    assert lab.operator.ssh(f"root@{machine.address}", "true").returncode == 0


def test_the_jail_guards_the_declared_port_and_spares_declared_networks(host: Host, declared: dict[str, Any]) -> None:
    spared = host.check_output("fail2ban-client get sshd ignoreip").split()
    assert set(declared["firewall_operators"]) - {"0.0.0.0/0"} <= set(spared)
    assert not {"0.0.0.0/0", "::/0"} & set(spared)
    assert host.service("fail2ban").is_enabled
    assert host.check_output("fail2ban-client get sshd action nftables port") == "22"
    assert host.check_output("fail2ban-client get sshd bantime") == "600"


@pytest.fixture
def clean(lab: Lab) -> Iterator[Machine]:
    """A host on which everything that is different has been taken for right, and is again afterwards."""
    machine = lab.machines["node-3"]
    lab.right("site", "--tags", "intrusion", "--limit", "node-3", "--extra-vars", "intrusion_renew=true")
    until(lambda: result(machine) == 0, "a comparison that finds nothing", 600)
    machine.run("cp", _DATABASE, f"{_DATABASE}.kept")
    yield machine
    machine.run("rm", "--force", _PLANTED, "/run/systemd/system/apt-daily-upgrade.service.d/test.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("mv", f"{_DATABASE}.kept", _DATABASE)
    machine.run(
        "sh",
        "-c",
        "systemctl start basalt-aide || { journalctl --unit=basalt-aide --lines=60 --output=cat >&2; false; }",
    )


def result(machine: Machine) -> int:
    """What the last comparison ended with, that of now if there is one."""
    assert machine.run("systemctl", "show", "basalt-aide", "--property=ActiveState").strip() != "ActiveState=activating"
    return int(machine.run("cat", "/var/lib/aide/result"))


def updated(machine: Machine) -> None:
    """Security updates that bring one file; returns when all is done that follows them."""
    lines = ["[Service]", "ExecStart=", f"ExecStart=/bin/sh -c 'date +%%N >> {_PLANTED}'"]
    folder = "/run/systemd/system/apt-daily-upgrade.service.d"
    machine.run("mkdir", "--parents", folder)
    machine.run("sh", "-c", f"printf '%s\\n' \"$@\" > {folder}/test.conf", "sh", *lines)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "apt-daily-upgrade")
    until(lambda: not machine.run("systemctl", "list-jobs", "--no-legend").strip(), "what follows updates", 600)


def test_what_changes_is_told_and_what_updates_change_is_taken_for_right(clean: Machine) -> None:
    updated(clean)
    clean.run("systemctl", "start", "basalt-aide")
    assert result(clean) == 0
    clean.run("sh", "-c", f"echo evil >> {_PLANTED}")
    assert not clean.ran("systemctl", "start", "basalt-aide")
    assert result(clean) == 4
    clean.run("journalctl", "--sync")
    told = clean.run("journalctl", "--quiet", "--unit=basalt-aide", "--output=cat", "--lines=40")
    assert f"File: {_PLANTED}" in told
    # Another update does not hide it.
    updated(clean)
    assert not clean.ran("systemctl", "start", "basalt-aide")
    assert result(clean) == 4


def test_files_are_compared_every_day(host: Host) -> None:
    timer = host.service("basalt-aide.timer")
    assert timer.is_enabled
    assert timer.is_running
    shown = host.check_output("systemctl show basalt-aide.timer --property=TimersCalendar --property=Persistent")
    assert "OnCalendar=*-*-* 02:00" in shown
    assert "Persistent=yes" in shown
