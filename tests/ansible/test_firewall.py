"""From outside, a host has the ports that the topology opens to who asks, and no other."""

from collections.abc import Iterator
from functools import partial
from ipaddress import ip_address, ip_network
from itertools import product
from typing import Any

import pytest
from testinfra.host import Host

from basalt.collect.inventory import inventory
from tests.ansible.lab import HOSTS, STRANGER, Lab
from tests.waiting import until

#: Listened on by every host, and opened by none.
UNDECLARED = (21, 80, 111, 2375, 2376, 3306, 5433, 9999, 50000)
SSH = 22


def openings(lab: Lab, name: str) -> list[dict[str, Any]]:
    """What the inventory says that a host opens."""
    made = inventory(lab.project.topology).hosts[name]["basalt_openings"]
    assert made
    return list(made)


def opened(lab: Lab, name: str, source: str) -> set[int]:
    """The ports of a host that are open to one address, sshd's among them."""
    at = {lab.machines[name].address, "0.0.0.0"}  # noqa: S104  as it is declared
    reached = [o for o in openings(lab, name) if o["address"] in at]
    return {SSH} | {o["number"] for o in reached if any(ip_address(source) in ip_network(n) for n in o["sources"])}


@pytest.fixture(scope="module")
def listening(lab: Lab) -> Iterator[set[int]]:
    """Every host answers on all these ports, were it not for its firewall."""
    ports = {o["number"] for name in HOSTS for o in openings(lab, name)} | set(UNDECLARED)
    for name in HOSTS:
        lab.machines[name].listen(sorted(ports))
        until(partial(_listens, lab, name, ports), f"{name} listens", 120)
    yield ports | {SSH}
    for name in HOSTS:
        lab.machines[name].silence()


def _listens(lab: Lab, name: str, ports: set[int]) -> bool:
    table = lab.machines[name].run("ss", "--listening", "--tcp", "--numeric", "--no-header")
    return ports <= {int(line.split()[3].rpartition(":")[2]) for line in table.splitlines()}


@pytest.mark.parametrize(("source", "name"), [pair for pair in product([*HOSTS, STRANGER], HOSTS) if len({*pair}) == 2])
def test_each_finds_open_what_is_declared_for_it(lab: Lab, listening: set[int], source: str, name: str) -> None:
    machine = lab.machines[source]
    lab.pardon()
    found = machine.open_ports(lab.machines[name].address, sorted(listening))
    assert found == opened(lab, name, machine.address)
    assert found < listening - set(UNDECLARED)


def test_a_stranger_finds_sshd_and_the_edge(lab: Lab, listening: set[int]) -> None:
    edges = {name for name in HOSTS if 8443 in opened(lab, name, lab.machines[STRANGER].address)}
    assert len(edges) == 1
    for name in HOSTS:
        edge = {8080, 8443} if name in edges else set()
        assert opened(lab, name, lab.machines[STRANGER].address) == {SSH} | edge


def test_a_service_that_leaves_the_stack_file_takes_its_ports_along(lab: Lab, listening: set[int]) -> None:
    watcher = next(i.host for i in lab.project.plan.site.instances if i.workload.collects_scrapes)
    name = next(name for name in HOSTS if name != watcher)
    source, target = lab.machines[watcher], lab.machines[name]
    assert 9100 in source.open_ports(target.address, sorted(listening))
    with lab.declared(lambda topology: topology["services"].pop("node")):
        lab.right("harden", "--tags", "firewall", "--limit", name)
        left = source.open_ports(target.address, sorted(listening))
        assert left == opened(lab, name, source.address)
        assert 9100 not in left
    lab.right("harden", "--tags", "firewall", "--limit", name)
    assert 9100 in source.open_ports(target.address, sorted(listening))


def test_the_ruleset_is_loaded_at_boot_and_stopping_it_spares_what_is_docker_s(host: Host) -> None:
    service = host.service("nftables")
    assert service.is_running
    assert service.is_enabled
    assert "delete table inet basalt" in host.check_output("systemctl show nftables --property=ExecStop")
    host.check_output("nft add table ip somebody_else")
    host.check_output("systemctl restart nftables")
    tables = host.check_output("nft list tables").splitlines()
    assert {"table inet basalt", "table ip somebody_else"} <= set(tables)
    host.check_output("nft delete table ip somebody_else")


def test_what_is_turned_away_is_counted(host: Host, lab: Lab) -> None:
    def dropped() -> int:
        words = host.check_output("nft list counter inet basalt dropped").split()
        return int(words[words.index("packets") + 1])

    before = dropped()
    address = lab.machines[str(host.ansible.get_variables()["inventory_hostname"])].address
    assert lab.machines[STRANGER].open_ports(address, UNDECLARED) == set()
    assert dropped() >= before + len(UNDECLARED)
