"""A stack over three hosts with an engine each: workloads meet by the hosts' addresses."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.live.edge import Edge
from tests.live.hosts import Host, hosts
from tests.live.project import ROOT, Project, copy, forget
from tests.live.test_healing import healthy, orders_go_through
from tests.live.test_monitoring import targets_up
from tests.waiting import until

FOLDER = ROOT / ".basalt" / "test-hosts"
ZONES = ("a", "b", "c")
NETWORK = "198.19.16.0/20"


def declared(lab: list[Host]) -> dict[str, Any]:
    """The topology of `test` over the lab; the edge answers at its host's own address."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.test.yaml").read_text())
    topology = document["config"]["basalt:topology"]
    topology["hosts"] = {
        f"node-{host.number}": {"address": host.address, "zone": zone, "cores": 2, "memory_gb": 4, **host.engine}
        for host, zone in zip(lab, ZONES, strict=True)
    }
    # All hosts share one kernel here: in the network of `test`, whose containers are known by their addresses, these
    # would be taken for them.
    topology["network"] = NETWORK
    topology["services"]["nginx"]["publish"] = {"https": "0.0.0.0:8443", "http": "0.0.0.0:8080"}
    return document


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Host]]:
    """Three hosts: one is reached by its socket, two over TCP with TLS."""
    if os.geteuid() or not all(map(shutil.which, ("dockerd", "ip", "nsenter"))):
        pytest.skip("hosts are made of namespaces: that takes root, dockerd, ip (iproute2) and nsenter (util-linux)")
    with hosts(len(ZONES), tmp_path_factory.mktemp("engines")) as made:
        yield made


@pytest.fixture(scope="module")
def spread(lab: list[Host]) -> Iterator[Project]:
    """The stack `hosts`, up on the lab. In the end its containers are killed: engines would stop them in order."""
    forget(FOLDER)
    made = replace(copy(FOLDER, "hosts"), engines=tuple(host.described for host in lab))
    made.stack_file.write_text(yaml.safe_dump(declared(lab), sort_keys=False))
    try:
        made.up()
        yield made
    finally:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda container: container.remove(force=True), made.containers().values()))
        forget(FOLDER)


@pytest.fixture(scope="module")
def front(spread: Project, tmp_path_factory: pytest.TempPathFactory) -> Edge:
    """Its edge, at the address of the host that carries it."""
    authority = tmp_path_factory.mktemp("front") / "ca.crt"
    authority.write_text(spread.basalt("authority").stdout)
    return Edge.of(spread, authority)


def test_members_that_vote_are_on_different_hosts(spread: Project) -> None:
    for workload in ("etcd", "postgres", "redis", "redis-sentinel"):
        carried = {instance.host for instance in spread.plan.site.of(workload)}
        assert len(carried) == len(ZONES), f"{workload}: {carried}"


def test_orders_go_through_and_all_is_healthy_and_seen(spread: Project, front: Edge) -> None:
    until(lambda: orders_go_through(front), "orders through the edge", 60)
    until(lambda: not healthy(spread), "all healthy", 60)
    until(lambda: targets_up(spread), "all targets up", 180, every=2)


def test_another_up_changes_nothing(spread: Project) -> None:
    spread.pulumi("preview", "--expect-no-changes")
    spread.pulumi("refresh", "--yes", "--skip-preview")
    spread.pulumi("preview", "--expect-no-changes")


def test_a_host_that_is_cut_off_is_missed_by_nobody_for_long(spread: Project, front: Edge, lab: list[Host]) -> None:
    site = spread.plan.site
    needed = {i.host for i in site.instances if i.workload.collects_routes}
    lost = next(host for host in lab if f"node-{host.number}" not in needed)
    lost.cut()
    try:
        until(lambda: orders_go_through(front), f"orders without {lost.name}", 120)
    finally:
        lost.join()
    until(lambda: not healthy(spread), "all healthy again", 180)
    until(lambda: orders_go_through(front), "orders with all hosts", 60)
