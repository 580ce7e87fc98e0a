"""What an engine is told."""

from ipaddress import ip_network
from typing import Any

import pytest

from basalt.collect import engine
from tests.stacks import ONE_HOST, THREE_HOSTS, topology

TCP: dict[str, Any] = {"hosts__local__engine": "tcp://far.example.com:2400"}


def test_networks_that_it_takes_are_nobody_s() -> None:
    made = topology(THREE_HOSTS, network="172.17.16.0/20", **{"hosts__data-1__address": "172.16.9.1"})
    pools = [ip_network(str(pool["base"])) for pool in engine.pools(made)]
    assert len(pools) == 4
    for pool in pools:
        assert not pool.overlaps(made.network)
        assert not [host for host in made.hosts.values() if host.address in pool]


def test_its_names_are_all_by_which_it_is_reached() -> None:
    host = topology(ONE_HOST, **TCP).hosts["local"]
    assert engine.names("local", host) == ["local", "far.example.com", "127.0.0.1"]


@pytest.mark.parametrize(
    ("changes", "signs"),
    [
        (TCP, ".basalt/engines/lab/ca.pem"),
        ({**TCP, "hosts__local__engine_certificates": "~/.docker/far"}, ""),
        ({"hosts__local__engine": "ssh://ops@far"}, ""),
        ({}, ""),
    ],
)
def test_only_engines_by_tls_whose_certificates_nobody_brings_are_signed_for(
    changes: dict[str, Any], signs: str
) -> None:
    made = topology(ONE_HOST, **changes)
    assert engine.authority(made, made.hosts["local"]) == signs
