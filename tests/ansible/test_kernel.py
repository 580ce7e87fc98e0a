"""The kernel, as the next boot finds it. That of the lab's hosts, which are containers, is another's."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from testinfra.host import Host

from tests.ansible.conftest import Runs
from tests.ansible.lab import HOSTS

ROLE = Path(__file__).parent.parent.parent / "ansible" / "roles" / "kernel"
EVERY_HOST = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["_kernel_every_host"]
DENIED = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())["kernel_denied_modules"]


def merged(host: Host, kind: str) -> list[str]:
    """Lines of a kind's files in the order in which systemd reads them: the last one stands."""
    return list(host.check_output(f"systemd-analyze cat-config {kind}").splitlines())


def test_variables_are_those_of_every_host_and_of_what_stands_on_this_one(host: Host, declared: dict[str, Any]) -> None:
    told = [re.fullmatch(r"([a-z].*?) *= *(.*)", line) for line in merged(host, "sysctl.d")]
    found = {line[1]: line[2] for line in told if line}
    wanted = EVERY_HOST | declared["basalt_kernel"]
    assert {name: found[name] for name in wanted} == {name: str(value) for name, value in wanted.items()}
    assert declared["basalt_kernel"]


def test_docker_s_forwarding_is_left_to_docker(host: Host) -> None:
    assert not [line for line in merged(host, "sysctl.d") if "forward" in line and not line.startswith("#")]


def test_denied_modules_are_not_loaded_and_docker_s_are_not_denied(host: Host) -> None:
    told = host.check_output("modprobe --showconfig").splitlines()
    found = {line.split()[1] for line in told if line.startswith("install ") and line.endswith(" /bin/false")}
    assert found == set(DENIED)
    assert not found & {
        "overlay",
        "br_netfilter",
        "bridge",
        "veth",
        "nf_tables",
        "xt_addrtype",
        "xt_conntrack",
        "vxlan",
    }


def test_nobody_who_logs_in_leaves_a_dump(host: Host) -> None:
    for name in ("root", "ops"):
        assert host.check_output(f"su --login {name} --command 'ulimit -Hc'") == "0"


def test_huge_pages_are_for_who_asks_and_a_boot_does_not_fail_for_them(host: Host) -> None:
    lines = [line.split() for line in merged(host, "tmpfiles.d") if "transparent_hugepage" in line]
    assert [(line[0], line[-1]) for line in lines] == [("w-", "madvise")]


def test_rules_of_disks_are_understood(host: Host) -> None:
    if host.system_info.codename == "bookworm":
        pytest.skip("udevadm of Debian 12 does not verify")
    done = host.run("udevadm verify --no-summary /etc/udev/rules.d/60-basalt-scheduler.rules")
    assert (done.rc, done.stderr) == (0, "")


def test_a_kernel_that_is_another_s_is_left_alone(host: Host) -> None:
    for path in ("/proc/sys/vm/swappiness", "/sys/kernel/mm/transparent_hugepage/enabled"):
        assert host.run(f"test -w {path}").rc == 1
    assert host.check_output("systemctl show systemd-sysctl --property=ConditionResult") == "ConditionResult=no"


@pytest.mark.parametrize("name", HOSTS)
def test_the_run_says_so(runs: Runs, name: str) -> None:
    assert f"{name} is a container: its kernel belongs to another host" in " ".join(runs.second.output.split())
