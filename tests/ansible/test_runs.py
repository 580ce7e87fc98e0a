"""Bare hosts become what the stack declares by one run; a dry run says so before, another run changes nothing."""

import json
import os
import random
import subprocess
import sys

import pytest
import yaml

from tests.ansible.conftest import Runs
from tests.ansible.lab import HOSTS, Lab
from tests.lab.machines import Machine
from tests.live.project import ROOT
from tests.waiting import until

#: The task that puts right what a command has made wrong.
PLANTS = {
    "base : Set the time zone": "ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime",
    "base : Set the locale": "echo LANG=de_DE.UTF-8 > /etc/locale.conf",
    "base : Bound the journal": "rm /etc/systemd/journald.conf",
    "base : Say whom chronyd asks for the time": "echo allow all >> /etc/chrony/chrony.conf",
    "base : Say what logins are given": "sed -i /^UMASK/d /etc/login.defs",
    "base : Say what a password is": "rm /etc/security/pwquality.conf",
    "base : Write their keys": "echo ssh-ed25519 AAAA >> /etc/ssh/authorized_keys_guest",
    "base : Say who may become root": "chmod 0640 /etc/sudoers.d/basalt",
    "ssh : Configure sshd": "sed -i s/^PermitTunnel.*/PermitTunnel\\ yes/ /etc/ssh/sshd_config",
    "firewall : Describe the service": "echo >> /etc/systemd/system/nftables.service",
    "firewall : Write the ruleset": "chmod 0755 /etc/nftables.conf",
    "firewall : See whether it is loaded": "nft flush table inet basalt; nft delete table inet basalt",
    "kernel : Write the variables": "echo kernel.kptr_restrict=0 >> /etc/sysctl.d/99-zz-basalt.conf",
    "kernel : Deny modules": "rm /etc/modprobe.d/basalt.conf",
    "updates : Say what is updated": "chmod 0600 /etc/apt/apt.conf.d/60basalt-updates",
    "updates : Wait for the window": "systemctl disable --now apt-daily-upgrade.timer",
    "audit : Say what is told": "rm /etc/audit/rules.d/basalt.rules",
    "audit : Describe the service": "echo >> /etc/systemd/system/auditd.service",
    "exporter : Write what asks": "echo >> /usr/local/sbin/basalt-facts",
    "exporter : Ask again and again": "systemctl disable --now basalt-facts.timer",
    "intrusion : Say who is banned": "echo [ssh] >> /etc/fail2ban/jail.local",
    "intrusion : Run fail2ban": "systemctl disable --now fail2ban",
    "intrusion : Say which files are compared": "rm /etc/aide/basalt.conf",
    "intrusion : Compare every day": "systemctl disable --now basalt-aide.timer",
    "intrusion : Make folders": "chmod 0777 /var/lib/aide",
    "intrusion : Build the database": "rm /var/lib/aide/aide.db",
    "docker_engine : Write the authority's": "rm /etc/docker/tls/ca.pem",
    "docker_engine : Write the certificate": "echo x > /etc/docker/tls/cert.pem",
    "docker_engine : Describe the service": "echo >> /etc/systemd/system/docker.service.d/basalt.conf",
    "docker_engine : Configure the engine": "echo '{' > /etc/docker/daemon.json",
}
#: Runs that are killed at a moment of chance; each takes a minute and a half.
KILLS = int(os.environ.get("BASALT_TEST_SITE_KILLS", "0"))


def test_a_dry_run_over_bare_hosts_ends_well_and_changes_nothing(runs: Runs) -> None:
    assert runs.dry.code == 0, runs.dry.output
    assert runs.after == runs.before


def test_a_dry_run_predicts_what_the_run_then_changes(runs: Runs) -> None:
    # What is configured inside a package that is not there yet cannot be looked at.
    hidden = {
        "base : Say whom chronyd asks for the time",
        "base : Say who may become root",
        "firewall : Load the ruleset at every boot",
        "updates : Say what starts anew after an update",
        "audit : Say what is told",
        "audit : Bound the log",
        "audit : Run auditd at every boot",
        "exporter : Ask again and again",
        "intrusion : Say who is banned",
        "intrusion : Let fail2ban tell the journal",
        "intrusion : Say which files are compared",
        "intrusion : Compare every day",
        "intrusion : Compare before security updates and renew after them",
        "docker_engine : Write the authority's",
        "docker_engine : Write the certificate",
        "docker_engine : Describe the service",
        "docker_engine : Configure the engine",
    }
    for name in HOSTS:
        assert set(runs.dry.changed[name]) == set(runs.first.changed[name]) - hidden
    assert "+PasswordAuthentication no" in runs.dry.output
    assert '+    ip saddr { 0.0.0.0/0 } tcp dport 22 accept comment "sshd"' in runs.dry.output


def test_the_second_run_changes_nothing(runs: Runs) -> None:
    assert runs.second.code == 0, runs.second.output
    assert {name: runs.second.of(name, "changed") for name in HOSTS} == dict.fromkeys(HOSTS, 0)


def test_hosts_that_are_as_they_were_are_left_alone(lab: Lab) -> None:
    # Tests before this one may have touched what they put back, and need not have put back all of it.
    for _ in range(3):
        run = lab.right("site")
        if "TASK [base : " not in run.output:
            break
    assert {name: run.of(name, "changed") for name in HOSTS} == dict.fromkeys(HOSTS, 0)
    assert "TASK [base : " not in run.output


def state(lab: Lab, name: str) -> str:
    """What a run would compare of a host."""
    role = ROOT / "ansible" / "roles" / "standing"
    places = json.dumps(yaml.safe_load((role / "vars" / "main.yml").read_text())["_standing_places"])
    program = (role / "files" / "state.py").read_text()
    told = lab.machines[name].run("python3", "-c", program, "look", "asked", "24", places)
    return str(json.loads(told)["state"])


def test_every_planted_edit_is_put_right_and_nothing_else_is_touched(lab: Lab) -> None:
    before = state(lab, "node-2")
    for number, plant in enumerate(PLANTS.values()):
        if number % 6 == 0:
            assert before == state(lab, "node-2"), "it changes by itself"
        lab.machines["node-2"].run("sh", "-c", plant)
        after = state(lab, "node-2")
        assert after != before, f"nobody would see: {plant}"
        before = after
    found = lab.right("site", "--extra-vars", "standing_hours=0")
    assert sorted(found.changed["node-2"]) == sorted(PLANTS)
    assert found.of("node-1", "changed") == found.of("node-3", "changed") == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("site", "--limit", "nobody"), "nobody"),
        (("sight",), "there is no playbook sight; choose one of"),
        (("site", "--extra-vars", '{"ssh_port": "many"}', "--tags", "ssh"), "ssh_port"),
        (("site", "--extra-vars", '{"firewall_operators": ["everywhere"]}', "--tags", "firewall"), "everywhere"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(lab: Lab, arguments: tuple[str, ...], told: str) -> None:
    run = lab.play(*arguments)
    assert run.code != 0
    assert told in run.output
    assert not any(run.changed.values())


def test_a_host_that_does_not_answer_stops_the_run_before_any_is_changed(lab: Lab) -> None:
    untouched, gone = lab.machines["node-1"], lab.machines["node-3"]
    untouched.run("cp", "/etc/locale.conf", "/root/locale")
    untouched.run("sh", "-c", "echo LANG=de_DE.UTF-8 > /etc/locale.conf")
    gone.run("systemctl", "stop", "ssh.service")
    # The connection that Ansible keeps open outlives sshd.
    gone.run("systemctl", "kill", "--signal=KILL", "ssh.service")
    try:
        run = lab.play("site")
    finally:
        gone.run("systemctl", "start", "ssh.service")
        untouched.run("mv", "/root/locale", "/etc/locale.conf")
    assert run.code != 0
    assert run.of("node-3", "unreachable") == 1
    assert not any(run.changed.values())


def tried(machine: Machine) -> bool:
    """Whether a change is on trial: by its process, which is seen from outside at once."""
    processes = machine.container.top(ps_args="-eo pid,args")["Processes"]
    return any(command.startswith("/usr/bin/sleep ") for _, command in processes)


def test_a_run_that_is_killed_is_finished_by_the_next(lab: Lab) -> None:
    machine = lab.machines["node-1"]
    machine.run("sh", "-c", "rm /etc/locale.conf /etc/sudoers.d/basalt; echo >> /etc/nftables.conf")
    # As a run leaves it that is killed between a file and what takes it up.
    machine.run("touch", "/etc/docker/daemon.json", "/etc/ssh/sshd_config")
    killed = lab.project.start(sys.executable, "-m", "basalt", "hosts", "site", "--stack", "lab", "--limit", "node-1")
    until(lambda: tried(machine), "a trial", 300)
    killed.kill()
    killed.communicate()
    lab.right("site", "--limit", "node-1")
    assert machine.run("nft", "list", "chain", "inet", "basalt", "arriving")
    for file, stamp in (("docker", "docker-engine"), ("ssh/sshd_config", "sshd"), ("nftables.conf", "firewall")):
        assert machine.run("find", f"/etc/{file}", "-newer", f"/run/basalt-{stamp}") == ""
    assert lab.right("site", "--limit", "node-1").of("node-1", "changed") == 0


@pytest.mark.parametrize("number", range(KILLS))
def test_whenever_it_is_killed_the_next_finishes_it(lab: Lab, number: int) -> None:
    chance = random.Random(number)
    machine = lab.machines["node-2"]
    for plant in PLANTS.values():
        machine.run("sh", "-c", plant)
    words = ("hosts", "site", "--stack", "lab", "--limit", "node-2")
    killed = lab.project.start(sys.executable, "-m", "basalt", *words)
    moment = chance.uniform(1, 40)
    try:
        killed.wait(moment)
    except subprocess.TimeoutExpired:
        killed.kill()
    output, _ = killed.communicate()
    at = [line for line in output.splitlines() if line.startswith("TASK")][-1:]
    print(f"killed after {moment:.1f} s at {at}")
    lab.right("site", "--limit", "node-2")
    assert lab.right("site", "--limit", "node-2").of("node-2", "changed") == 0
