"""Placement: spread over zones, stable addresses, ports that do not clash."""

from collections import Counter
from dataclasses import replace

import pytest

from basalt.plan import survey
from basalt.site import Site, place
from basalt.topology.model import Topology
from basalt.workload import Answers, Endpoint, Limits, Port, Tier, Workload
from tests.stacks import ONE_HOST, THREE_HOSTS, raw, topology


def workload(name: str, count: int = 1, uses: tuple[str, ...] = (), beside: str | None = None) -> Workload:
    return Workload(
        name=name,
        image="none",
        command=(),
        limits=Limits(64),
        probe=None,
        tier=Tier.DATA,
        count=count,
        ports={"web": Port(8000)},
        uses=tuple(map(Endpoint.parse, uses)),
        beside=beside,
    )


def site_of(base: Topology, *workloads: Workload) -> Site:
    return place(base, [(w.name, w) for w in workloads])


def test_members_are_spread_over_zones() -> None:
    site = survey(topology(THREE_HOSTS))
    assert Counter(site.host(instance).zone for instance in site.of("etcd")) == {"a": 1, "b": 1, "c": 1}


def test_a_sidecar_stands_beside_its_member() -> None:
    site = site_of(topology(THREE_HOSTS), workload("agent", 3, beside="db"), workload("db", 3))
    assert [i.host for i in site.of("agent")] == [i.host for i in site.of("db")]


def test_addresses_stay_when_a_service_is_added() -> None:
    before = site_of(topology(), workload("db", 3))
    after = site_of(topology(), workload("api", 20), workload("db", 3))
    assert [i.address for i in before.of("db")] == [i.address for i in after.of("db")]


def test_addresses_are_all_different_and_inside_the_network() -> None:
    site = site_of(topology(), workload("api", 900))
    network = topology().network
    assert len({i.address for i in site.instances}) == 900
    assert all(network.network_address + 16 <= type(network.network_address)(i.address) for i in site.instances)


def test_instances_beside_each_other_on_one_of_several_hosts_get_ports_of_their_own() -> None:
    site = site_of(topology(THREE_HOSTS), workload("api", 6))
    taken = [(i.host, site.outer_port(i, "web")) for i in site.of("api")]
    assert len(set(taken)) == 6


def test_on_one_host_every_instance_keeps_its_port() -> None:
    site = site_of(topology(), workload("api", 3, uses=("api.web",)))
    assert {address.port for address in site.addresses("api.web", site.of("api")[0])} == {8000}


def test_an_undeclared_connection_is_refused() -> None:
    site = site_of(topology(), workload("api"), workload("db"))
    with pytest.raises(ValueError, match="without declaring"):
        site.addresses("db.web", site.of("api")[0])


def test_names_resolve_only_where_a_use_is_declared() -> None:
    site = site_of(topology(), workload("api", uses=("db.web",)), workload("db"), workload("other"))
    assert [i.name for i in site.reached(site.of("api")[0])] == ["db-1"]


def test_the_same_topology_gives_the_same_site() -> None:
    assert survey(topology(raw(ONE_HOST))) == survey(topology(raw(ONE_HOST)))


def test_two_workloads_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two services have a workload api"):
        site_of(topology(), workload("api"), workload("api"))


def test_a_port_that_takes_alerts_is_open_where_somebody_sends_them() -> None:
    taker = replace(workload("pager"), takes_alerts="web")
    silent = site_of(topology(), taker, workload("rules"))
    told = site_of(topology(), taker, replace(workload("rules"), sends_alerts=True))
    assert silent.used_ports(silent.of("pager")[0]) == ()
    assert told.used_ports(told.of("pager")[0]) == ("web",)


def test_a_port_that_answers_is_open_where_somebody_asks() -> None:
    answering = replace(workload("metrics"), answers=Answers("web", 15))
    silent = site_of(topology(), answering, workload("screen"))
    asked = site_of(topology(), answering, replace(workload("screen"), asks=True))
    assert silent.used_ports(silent.of("metrics")[0]) == ()
    assert asked.used_ports(asked.of("metrics")[0]) == ("web",)
