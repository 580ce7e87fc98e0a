"""A stack over three hosts with an engine each: workloads meet by the hosts' addresses."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from basalt.operations.drain.succeed import not_following
from basalt.operations.keepsakes.redis import ask, role
from basalt.operations.measure.own import own_end
from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.look import look
from bench.writers import SCHEMA, Writers, present, settle
from tests.live.database import connect, parameters, ways
from tests.live.edge import Edge
from tests.live.hosts import Host, hosts
from tests.live.project import ROOT, Project, copy, execute, forget
from tests.live.test_healing import healthy, orders_go_through
from tests.live.test_monitoring import targets_up
from tests.live.users import Users
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
    # One of two is on the host that is emptied: the other is told to be silent about it.
    topology["services"]["alertmanager"]["members"] = 2
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
    authority.write_text(spread.authority)
    return Edge.of(spread, authority)


def test_members_that_vote_are_on_different_hosts(spread: Project) -> None:
    for workload in ("etcd", "postgres", "redis", "redis-sentinel"):
        carried = {instance.host for instance in spread.plan.site.of(workload)}
        assert len(carried) == len(ZONES), f"{workload}: {carried}"


def test_orders_go_through_and_all_is_healthy_and_seen(spread: Project, front: Edge) -> None:
    until(lambda: orders_go_through(front), "orders through the edge", 60)
    until(lambda: not healthy(spread), "all healthy", 60)
    until(lambda: targets_up(spread), "all targets up", 180, every=2)


def test_every_pgbouncer_finds_every_haproxy(spread: Project) -> None:
    addresses = {spread.plan.site.ip(one) for one in spread.plan.site.of("haproxy")}
    assert len(addresses) == 2
    until(lambda: all(found == addresses for found in ways(spread).values()), "both ways to be known", 60)


def test_another_up_changes_nothing(spread: Project) -> None:
    spread.pulumi("preview", "--expect-no-changes")
    spread.pulumi("refresh", "--yes", "--skip-preview")
    spread.pulumi("preview", "--expect-no-changes")


def test_engines_tell_when_their_certificates_end(spread: Project) -> None:
    ends = {name: own_end(host) for name, host in spread.plan.topology.hosts.items()}
    assert ends["node-1"] is None, "its socket has no certificate"
    soon = datetime.now(UTC) + timedelta(days=1)
    assert all(end and soon - timedelta(hours=2) < end <= soon for name, end in ends.items() if name != "node-1")


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


#: It carries no edge, and of nothing else that users need the only instance.
EMPTIED = "node-2"


def pooled(project: Project) -> dict[str, Any]:
    """The way to every PgBouncer, as the application goes it."""
    site = project.plan.site
    poolers = site.of("pgbouncer")
    ways = {
        "host": [one.name for one in poolers],
        "hostaddr": [site.ip(one) for one in poolers],
        "port": [str(site.outer_port(one, "sql")) for one in poolers],
    }
    own = {key: ",".join(values) for key, values in ways.items()}
    return {**parameters(project, "pgbouncer.sql", "app"), **own, "load_balance_hosts": "random"}


def carries(project: Project, workload: str) -> str:
    """The instance of a workload on the host that is to be emptied."""
    (name,) = [one.name for one in project.plan.site.of(workload) if one.host == EMPTIED]
    return name


@pytest.fixture
def master(spread: Project) -> str:
    """The member of Redis on that host, which is the master: sentinels choose the one of the lowest number."""
    member = carries(spread, "redis")
    containers = spread.containers()
    if role(containers[member])[:1] != ["master"]:
        assert ask(containers[member], "CONFIG SET replica-priority 1") == ["OK"]
        sentinel = containers[spread.plan.site.of("redis-sentinel")[0].name]
        # They read it of a replica every ten seconds.
        until(lambda: ("slave-priority", "1") in pairwise(ask(sentinel, "SENTINEL REPLICAS main")), "its priority", 60)
        assert ask(sentinel, "SENTINEL FAILOVER main") == ["OK"]
        until(lambda: role(containers[member])[:1] == ["master"], f"{member} to be the master", 60)
        assert ask(containers[member], "CONFIG SET replica-priority 100") == ["OK"]
    until(lambda: not not_following(spread.plan.site), "all members of Redis to follow", 60)
    return member


@pytest.fixture
def leading(spread: Project) -> str:
    """The member of the database on that host, which leads."""
    site, member = spread.plan.site, carries(spread, "postgres")
    until(lambda: look(site).whole, "a database that is whole", 120, also=(HandError,))
    seen = look(site).leader
    assert seen is not None
    if seen.name != member:
        # Only who is synchronous may take over, and another stays so for as long as it is there.
        others = {one.name for one in site.of("postgres")} - {seen.name, member}
        for name in others:
            spread.containers()[name].stop()
        until(
            lambda: (one := look(site).member(member)) and one.synchronous,
            f"{member} to be synchronous",
            120,
            also=(HandError,),
        )
        for name in others:
            spread.containers()[name].start()
        until(lambda: look(site).whole, "a database that is whole again", 120, also=(HandError,))
        spread.basalt("switchover", "--to", member, "--wait", "60", "--yes")
    return member


def test_who_is_needed_alone_does_not_leave_without_a_word(spread: Project) -> None:
    done = spread.basalt("drain", "node-3", "--yes", check=False)
    assert done.returncode == 2
    assert "nginx is on node-3 alone" in done.stdout
    until(lambda: not healthy(spread), "all healthy", 60)


def led_past(project: Project) -> list[str | None]:
    """The addresses that PgBouncers elsewhere do not go to."""
    names = [one.name for one in project.plan.site.of("pgbouncer") if one.host != EMPTIED]
    return [json.loads(execute(project.containers()[name], "pgbouncer-lead", "told"))["past"] for name in names]


@pytest.mark.alone
def test_a_host_is_emptied_and_filled_and_nobody_misses_it(
    spread: Project, front: Edge, leading: str, master: str, tmp_path: Path
) -> None:
    with connect(spread, "haproxy.write", "migrate") as connection:
        connection.execute(SCHEMA)
    with Users(front) as users, Writers(tmp_path / "rows", "drain", [pooled(spread)] * 4, pause=0.01) as writers:
        until(lambda: len(writers.rows()) > 100 and users.served > 10, "writers and users", 60)
        told = spread.told("drain", EMPTIED, "--wait", "60", "--yes")
        assert told["leader"] not in (None, leading)
        assert told["master"] not in (None, master)
        running = {name for name, one in spread.containers().items() if one.status == "running"}
        lasting = {one.name for one in spread.plan.site.instances if one.host == EMPTIED and not one.workload.task}
        assert set(told["stopped"]) == lasting
        assert told["silent"]
        assert not lasting & running
        assert led_past(spread) == [str(spread.plan.topology.hosts[EMPTIED].address)]
        rows, served = len(writers.rows()), users.served
        until(lambda: len(writers.rows()) > rows + 100 and users.served > served + 10, "both without the host", 60)
        again = spread.told("drain", EMPTIED, "--yes")
        assert again["stopped"] == []
        back = spread.told("undrain", EMPTIED)
        assert led_past(spread) == [None]
        assert set(back["started"]) == set(told["stopped"])
    until(lambda: not healthy(spread), "all healthy", 60)
    with connect(spread, "haproxy.write", "migrate") as connection:
        found = settle(writers.rows(), present(connection, "drain"))
    print(told, back, found, users.served, Counter(row.error for row in writers.rows() if row.outcome != "acked"))
    assert (found.lost, found.ghosts) == (0, 0)
    assert users.failures == []
