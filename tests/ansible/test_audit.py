"""auditd, ready for a kernel of its own. The lab's hosts are containers: what their kernel tells is another's."""

import re

import pytest
from testinfra.host import Host

from tests.ansible.conftest import Runs
from tests.ansible.lab import HOSTS

RULES = "/etc/audit/rules.d/basalt.rules"


def test_every_rule_is_understood_and_refused_by_a_kernel_that_is_another_s(host: Host) -> None:
    rules = [line for line in host.file(RULES).content_string.splitlines() if line.startswith("-a ")]
    told = host.run(f"auditctl -R {RULES}")
    refused = [line for line in told.stderr.splitlines() if "There was an error in line" not in line]
    assert len(rules) > 20
    assert refused == ["Error sending add rule data request (Operation not permitted)"] * len(rules)


def test_every_rule_says_what_to_look_for(host: Host) -> None:
    rules = [line for line in host.file(RULES).content_string.splitlines() if line.startswith("-a ")]
    assert all(re.search(r" -F key=[a-z-]+$", rule) for rule in rules)


def test_the_log_is_bounded_and_a_full_disk_stops_nothing(host: Host) -> None:
    told = dict(
        line.split(" = ") for line in host.file("/etc/audit/auditd.conf").content_string.splitlines()[1:] if "=" in line
    )
    assert int(told["max_log_file"]) * int(told["num_logs"]) == 256
    assert not {"SUSPEND", "SINGLE", "HALT"} & set(told.values())


def test_it_runs_from_the_next_boot_on_a_kernel_of_its_own(host: Host) -> None:
    for name in ("auditd", "audit-rules"):
        assert host.service(name).is_enabled
        conditions = host.check_output(f"systemctl cat {name}")
        assert "ConditionVirtualization=!container" in conditions
    assert not host.service("auditd").is_running
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""


@pytest.mark.parametrize("name", HOSTS)
def test_the_run_says_that_it_does_not_run_here(runs: Runs, name: str) -> None:
    assert f"{name} is a container: its kernel tells another host" in " ".join(runs.second.output.split())
