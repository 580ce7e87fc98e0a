"""sshd, as it is in force."""

import json
import sys
from pathlib import Path
from typing import Any

from testinfra.host import Host

from tests.ansible.lab import STRANGER, Lab


def effective(host: Host) -> dict[str, str]:
    """What sshd would do with the next connection."""
    return dict(line.partition(" ")[::2] for line in host.check_output("sshd -T").splitlines())


def test_keys_are_the_only_way_in_and_lead_no_further(host: Host) -> None:
    found = effective(host)
    assert found["authenticationmethods"] == "publickey"
    for off in (
        "passwordauthentication",
        "kbdinteractiveauthentication",
        "permitemptypasswords",
        "hostbasedauthentication",
        "allowtcpforwarding",
        "allowagentforwarding",
        "allowstreamlocalforwarding",
        "permittunnel",
        "gatewayports",
        "x11forwarding",
        "permituserenvironment",
        "permituserrc",
    ):
        assert found[off] == "no", off


def test_root_logs_in_by_key_because_the_stack_file_says_root(host: Host, declared: dict[str, Any]) -> None:
    assert declared["ansible_user"] == "root"
    assert effective(host)["permitrootlogin"] == "without-password"


def test_sshd_runs_with_the_file_that_is_on_the_disk(host: Host, lab: Lab) -> None:
    assert host.service("ssh").is_running
    assert host.service("ssh").is_enabled
    assert host.file("/etc/ssh/sshd_config").mode == 0o600
    assert not host.mount_point("/etc/ssh/sshd_config").exists
    offered = lab.operator.ssh(f"root@{address(host)}", "-o", "PubkeyAuthentication=no")
    assert "Permission denied (publickey)" in offered.stderr


def test_a_user_of_the_stack_logs_in_with_keys_of_root_s_keeping(host: Host, lab: Lab) -> None:
    done = lab.operator.ssh(f"ops@{address(host)}", "sudo --non-interactive id -u")
    assert done.stdout.strip() == "0", done.stderr


def test_ssh_audit_has_nothing_to_warn_of(host: Host, lab: Lab) -> None:
    audit = Path(sys.executable).with_name("ssh-audit")
    # From the stranger's address: sshd keeps away for a while who opens connections and does not log in.
    stranger = lab.machines[STRANGER]
    with lab.spared(stranger.address):
        done = stranger.within(str(audit), "--json", address(host))
    told = json.loads(done.stdout)
    seen = [entry for kind in ("kex", "key", "enc", "mac") for entry in told[kind]]
    assert len(seen) > 5
    assert [entry for entry in seen if {"fail", "warn"} & set(entry["notes"])] == []
    assert done.returncode == 0, done.stdout


def address(host: Host) -> str:
    """Where the inventory says that it is."""
    return str(host.ansible.get_variables()["ansible_host"])
