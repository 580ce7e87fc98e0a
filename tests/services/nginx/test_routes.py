"""Routes of workloads become upstreams and locations, whoever declares them."""

from typing import Any

import pytest

from basalt.plan import survey
from basalt.services.nginx import routes
from basalt.site import Site
from tests.services.app.stack import SHOP
from tests.stacks import topology


def site(**changes: Any) -> Site:
    return survey(topology(SHOP, **changes))


def upstreams(found: Site) -> dict[str, routes.Upstream]:
    return {upstream.name: upstream for upstream in routes.upstreams(found)}


def test_every_replica_is_a_server_of_its_part() -> None:
    found = site()
    assert upstreams(found)["api-web"].servers == tuple(f"{api.address}:8000" for api in found.of("api"))


def test_a_new_replica_needs_no_name_that_the_running_edge_does_not_know() -> None:
    parts = {"api": {"routes": ["/"], "replicas": 3}}
    servers = upstreams(site(services__app={"parts": parts}))["api-web"].servers
    assert not any(server.startswith("api-") for server in servers)


def test_a_route_is_not_its_neighbour() -> None:
    pay = [location.match for location in routes.locations(site()) if location.upstream == "payment-web"]
    assert pay == ["/pay/", "= /pay"], "/payments belongs to another part"


def test_streams_stick_and_the_rest_is_spread() -> None:
    found = upstreams(site())
    assert (found["api-web-streams"].sticky, found["api-web"].sticky) == (True, False)
    assert {location.match for location in routes.locations(site()) if location.streams} == {"= /events", "/events/"}


def test_a_server_proves_the_name_that_all_of_its_part_share() -> None:
    assert {location.upstream: location.certified for location in routes.locations(site())} == {
        "api-web": "api",
        "api-web-streams": "api",
        "payment-web": "payment",
    }


def test_what_prometheus_scrapes_is_closed_to_people() -> None:
    assert routes.closed(site()) == ("/metrics",)


def test_without_a_route_to_everything_the_rest_is_not_found() -> None:
    assert routes.fallback(site()) is None
    assert routes.fallback(site(services__app={"parts": {"payment": {"routes": ["/pay"]}}})) == 404


def test_a_fenced_stack_takes_no_traffic() -> None:
    fenced = site(role="fenced")
    assert routes.fallback(fenced) == 503
    assert routes.locations(fenced) == ()
    assert upstreams(fenced) == {}


def test_the_edge_dials_numbers_so_one_replica_more_is_a_reload_and_no_new_container() -> None:
    found = site()
    assert found.reached(found.of("nginx")[0]) == ()


def test_between_hosts_only_routed_ports_are_opened_for_it() -> None:
    found = site()
    assert found.used_ports(found.of("payment")[0]) == ("web",)
    with pytest.raises(ValueError, match="without declaring"):
        found.addresses("redis.data", found.of("nginx")[0])
