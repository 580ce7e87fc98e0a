"""From bare to `pulumi up`: hosts that one run of `site` has made carry a stack, through their own firewalls."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from basalt.topology.model import own_certificates
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
            project.basalt("down", "--orphans", "--data", "delete", "--yes")
    lab.right("harden", "--tags", "firewall")


def test_it_stands_on_all_hosts_and_is_well(small: Project) -> None:
    assert {instance.host for instance in small.plan.site.instances} == set(HOSTS)
    until(lambda: targets_up(small), "all targets up, whatever host they are on", 120, every=1)
    told = small.basalt("status", "--json")
    assert json.loads(told.stdout)["well"]


def test_another_up_changes_nothing(small: Project) -> None:
    small.pulumi("preview", "--expect-no-changes")


def test_another_clone_needs_the_stack_file_and_the_passphrase_alone(small: Project) -> None:
    folder = small.folder / own_certificates("lab")
    for path in folder.iterdir():
        path.unlink()
    assert small.basalt("status", check=False).returncode == 1
    small.basalt("engine-access")
    small.basalt("status")
