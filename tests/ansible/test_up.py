"""From bare to `pulumi up`: hosts that one run of `site` has made carry a stack, through their own firewalls; and are
updated and booted under it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from basalt.topology.model import own_certificates
from tests.ansible import packages
from tests.ansible.lab import HOSTS, Lab
from tests.live.project import Project
from tests.live.test_monitoring import targets_up
from tests.waiting import until


def few(topology: dict[str, Any]) -> None:
    """The smallest that needs every host, and whatever watches it across them."""
    kept = {"redis": {}, "monitoring": topology["services"]["monitoring"]}
    topology["services"] = kept


@pytest.fixture(scope="module")
def small(lab: Lab) -> Iterator[Project]:
    """The stack, up on the lab; the hosts open what it asks for, and are as before afterwards."""
    certificates = str(lab.project.folder / own_certificates("lab"))
    engines = [{"url": host.engine, "certificates": certificates} for host in lab.project.topology.hosts.values()]
    project = replace(lab.project, engines=tuple(engines))
    with lab.declared(few):
        lab.right("harden", "--tags", "firewall")
        try:
            project.up()
            yield project
        finally:
            project.remove()
    lab.right("harden", "--tags", "firewall")


def well(project: Project) -> bool:
    """Whether `basalt status` says so now."""
    return bool(project.told("status")["well"])


def test_it_stands_on_all_hosts_and_is_well(small: Project) -> None:
    assert {instance.host for instance in small.plan.site.instances} == set(HOSTS)
    until(lambda: targets_up(small), "all targets up, whatever host they are on", 120, every=1)
    until(lambda: well(small), "a stack that is well", 60)


def test_another_up_changes_nothing(small: Project) -> None:
    small.pulumi("preview", "--expect-no-changes")


def test_another_clone_needs_the_stack_file_and_the_passphrase_alone(small: Project) -> None:
    folder = small.folder / own_certificates("lab")
    for path in folder.iterdir():
        path.unlink()
    assert small.basalt("status", check=False).returncode == 1
    small.basalt("engine-access")
    small.basalt("status")


@pytest.fixture
def sample(lab: Lab) -> Iterator[None]:
    """A package that hosts may be offered, and nothing else. Files are compared on node-2 only: it takes a while."""
    unit = "basalt-aide-renew.service"
    for name in HOSTS:
        packages.begin(lab.machines[name])
    for name in ("node-1", "node-3"):
        lab.machines[name].run("mv", f"/etc/systemd/system/{unit}", "/root/")
    lab.right("site", "--tags", "intrusion", "--limit", "node-2", "--extra-vars", "intrusion_renew=true")
    yield
    for name in ("node-1", "node-3"):
        lab.machines[name].run("mv", f"/root/{unit}", "/etc/systemd/system/")
    for name in HOSTS:
        packages.end(lab.machines[name])


@pytest.mark.usefixtures("sample")
def test_hosts_are_updated_one_after_the_other_and_boot_where_they_have_to(small: Project, lab: Lab) -> None:
    machine, booted = lab.machines["node-2"], {name: lab.machines[name].booted for name in HOSTS}
    packages.offer(machine, "2")
    machine.run("touch", "/run/reboot-required")
    dry = lab.right("patch", "--check")
    assert f"node-2: 1 packages to update: {packages.NAME}; a boot" in " ".join(dry.output.split())
    assert packages.version(machine) == "1 installed"
    assert all(one.status == "running" for name, one in small.containers().items())
    run = lab.right("patch")
    assert {name for name in HOSTS if lab.machines[name].booted != booted[name]} == {"node-2"}
    assert run.of("node-1", "changed") == run.of("node-3", "changed") == 0
    assert packages.version(machine) == "2 installed"
    assert machine.run("cat", "/var/lib/aide/result").strip() == "0"
    machine.run("systemctl", "start", "basalt-aide.service")
    until(lambda: well(small), "a stack that is well", 60)
    assert not any(lab.right("patch").changed.values())


@pytest.mark.usefixtures("sample")
def test_a_host_that_fails_stops_it(small: Project, lab: Lab) -> None:
    first, last = lab.machines["node-1"], lab.machines["node-3"]
    packages.offer(first, "3", fails=True)
    packages.offer(last, "3")
    run = lab.play("patch")
    assert run.code != 0
    assert "node-1 is left as it is, and no other host is begun" in " ".join(run.output.split())
    assert packages.version(last) == "1 installed"
    site = small.plan.site
    still = {name for name, one in small.containers().items() if one.status != "running"}
    assert still == {one.name for one in site.instances if one.host == "node-1" and not one.workload.task}
    packages.mend(first)
    lab.right("patch")
    assert [packages.version(one) for one in (first, last)] == ["3 installed", "3 installed"]
    until(lambda: well(small), "a stack that is well", 60)
