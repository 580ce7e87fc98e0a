"""A host opens what is used, to those who use it."""

from pathlib import Path

import pytest

from basalt.collect.openings import ANYWHERE, LOOPBACK, openings
from basalt.plan import survey
from basalt.targets.docker.container import ports
from basalt.topology.load import load_stack

ROOT = Path(__file__).parent.parent.parent
STACKS = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("stacks/Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", STACKS)
def test_it_opens_what_docker_listens_on_and_nothing_else(stack: str) -> None:
    site = survey(load_stack(ROOT, stack))
    for host in site.topology.hosts:
        listening = {(p["ip"], p["external"]) for i in site.instances if i.host == host for p in ports(site, i)}
        assert {(o.address, o.number) for o in openings(site, host)} == listening


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_is_opened_to_nobody(stack: str) -> None:
    site = survey(load_stack(ROOT, stack))
    assert all(opening.sources for host in site.topology.hosts for opening in openings(site, host))


def test_etcd_is_opened_to_the_hosts_of_its_users_only() -> None:
    site = survey(load_stack(ROOT, "prod-iad"))
    client = [o for o in openings(site, "data-1") if o.instance.startswith("etcd") and o.port == "client"]
    assert [opening.sources for opening in client] == [("192.0.2.11/32", "192.0.2.12/32", "192.0.2.13/32")]


def test_metrics_are_opened_to_the_host_that_scrapes() -> None:
    site = survey(load_stack(ROOT, "prod-iad"))
    metrics = [o for o in openings(site, "edge-1") if o.instance.startswith("node-exporter")]
    assert [opening.sources for opening in metrics] == [("192.0.2.41/32",)]


def test_the_edge_is_open_to_everybody_and_prometheus_to_its_host() -> None:
    site = survey(load_stack(ROOT, "prod-iad"))
    edge = {o.number: o.sources for o in openings(site, "edge-1") if o.instance.startswith("nginx-1")}
    assert edge[443] == edge[80] == (ANYWHERE,)
    assert [o.sources for o in openings(site, "store-1") if o.number == 9090 and o.address == "127.0.0.1"] == [
        (LOOPBACK,)
    ]
