"""node_exporter: the host's metrics and no other's."""

import re
from pathlib import Path

import pytest

from basalt.plan import plan
from tests.stacks import THREE_HOSTS, raw, topology

NODE = raw(THREE_HOSTS, services__node={})


def test_every_host_has_one() -> None:
    assert [i.host for i in plan(topology(NODE)).site.of("node-exporter")] == ["data-1", "data-2", "data-3"]


def test_it_reads_the_host_and_not_its_own_container() -> None:
    workload = plan(topology(NODE)).site.of("node-exporter")[0].workload
    assert workload.observes_host
    for path in ("--path.rootfs=/host", "--path.procfs=/host/proc", "--path.sysfs=/host/sys"):
        assert path in workload.command


def test_what_it_would_see_of_its_own_network_is_left_out() -> None:
    workload = plan(topology(NODE)).site.of("node-exporter")[0].workload
    assert "--no-collector.netdev" in workload.command


def test_the_interfaces_of_containers_are_not_looked_at_one_by_one() -> None:
    command = plan(topology(NODE)).site.of("node-exporter")[0].workload.command
    (ignored,) = (flag.partition("=")[2] for flag in command if flag.startswith("--collector.netclass"))
    assert re.match(ignored, "veth0a1b2c3")
    assert re.match(ignored, "br-7f00c0ffee00")
    assert not re.match(ignored, "eth0")


@pytest.mark.parametrize(
    ("place", "watched"), [("/", True), ("/mnt/volume-1", True), ("/srv", True), ("/run/x", False)]
)
def test_disks_are_watched_wherever_they_are_mounted(place: str, *, watched: bool) -> None:
    workload = plan(topology(NODE)).site.of("node-exporter")[0].workload
    (left_out,) = [flag.partition("=")[2] for flag in workload.command if "mount-points-exclude" in flag]
    assert (re.search(left_out, place) is None) is watched


def test_it_needs_no_privilege() -> None:
    workload = plan(topology(NODE)).site.of("node-exporter")[0].workload
    assert workload.capabilities == ()
    assert workload.read_only_root


def test_it_reads_what_hosts_write_of_themselves() -> None:
    role = Path(__file__).parent.parent.parent.parent / "ansible" / "roles" / "exporter" / "templates"
    (written,) = re.findall(
        r"ExecStart=\S+ (\S+)", (role / "basalt-facts.service.j2").read_text().replace("{{ ", "").replace(" }}", "")
    )
    workload = plan(topology(NODE)).site.of("node-exporter")[0].workload
    assert f"--collector.textfile.directory=/host{Path(written).parent}" in workload.command
