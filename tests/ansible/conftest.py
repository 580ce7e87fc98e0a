"""One lab of bare hosts for all tests of this folder, made into what its stack declares before the first of them."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

from tests.ansible.lab import HOSTS, Lab, Run
from tests.ansible.lab import lab as made
from tests.lab.machines import OPERATOR


@dataclass(frozen=True)
class Runs:
    """The first runs over bare hosts, in their order."""

    dry: Run
    first: Run
    second: Run
    #: What bare hosts had under `WATCHED` before and after the dry run, as `stat` tells it.
    before: dict[str, str]
    after: dict[str, str]


#: Folders in which roles write.
#: Not those in which systemd notes what runs just now.
_WATCHED = "find /etc /run/systemd /usr/sbin -path /run/systemd/units -prune -o -printf '%p %T@ %C@\\n' | sort"


@pytest.fixture(scope="package")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Hosts as an installer leaves them, with a user to come."""
    if os.geteuid() or not shutil.which("nsenter"):
        pytest.skip("scans start in a host's network: that takes root and nsenter (util-linux)")
    with made(tmp_path_factory.mktemp("operator")) as lab:
        key = lab.operator.key.with_suffix(".pub").read_text().strip()
        lab.tell(
            base_users=[{"name": "ops", "keys": [key], "sudo": True}, {"name": "guest", "keys": [key], "sudo": False}],
            base_journal_megabytes=64,
            # Nobody answers there (RFC 5737); a name would first have to be found.
            base_time_servers=["192.0.2.123", "198.51.100.123"],
            firewall_engine_operators=[f"{OPERATOR}/32"],
            updates_window="Sun *-*-* 05:00:00",
            updates_spread_minutes=30,
            # Everybody by IPv4, these by IPv6.
            firewall_operators=["0.0.0.0/0", "2001:db8::/32"],
        )
        yield lab


@pytest.fixture(scope="package")
def runs(bare: Lab) -> Runs:
    """A dry run, the first run and another one."""
    before = _state(bare)
    dry = bare.play("site", "--check", "--diff")
    after = _state(bare)
    return Runs(dry, bare.play("site"), bare.play("site"), before, after)


def _state(lab: Lab) -> dict[str, str]:
    return {name: lab.machines[name].run("sh", "-c", _WATCHED) for name in HOSTS}


@pytest.fixture(scope="package")
def lab(bare: Lab, runs: Runs) -> Lab:
    """The hosts, prepared."""
    assert runs.first.code == 0, runs.first.output
    return bare


@pytest.fixture(scope="package", params=HOSTS)
def host(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Host]:
    """Each host in turn, reached as Ansible reaches it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PATH", "ANSIBLE_CONFIG", "PYTHONPATH"):
            patch.setenv(name, lab.project.environment[name])
        yield testinfra.get_host(f"ansible://{request.param}?ansible_inventory={lab.project.stack_file}")


@pytest.fixture
def declared(host: Host) -> dict[str, Any]:
    """What the inventory says about the host."""
    variables: dict[str, Any] = host.ansible.get_variables()
    return variables


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the lab is live."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "bare" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.live)
