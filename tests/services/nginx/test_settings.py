"""What of the edge may be declared, and what is told when it cannot be."""

import pytest

from basalt.services.nginx.settings import Rate, parse_rate
from basalt.topology.listen import Listener, parse_listener
from basalt.topology.problem import StackError
from tests.services.app.stack import SHOP
from tests.stacks import topology


def refused(text: str, **nginx: object) -> None:
    with pytest.raises(StackError, match=text):
        topology(SHOP, services__nginx=nginx)


@pytest.mark.parametrize(("text", "rate"), [("60/min", Rate(60, 60)), ("10/s", Rate(10, 1)), ("5/h", Rate(5, 3600))])
def test_a_rate_is_a_number_in_a_time(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["60", "0/min", "60/m", "60/day", "-1/s", "1.5/s", 60])
def test_any_other_rate_is_refused_with_an_example(text: object) -> None:
    refused("limits.client: .*for instance 60/min", limits={"client": text})


def test_there_are_five_tiers() -> None:
    refused("limits.guest: .*unknown key", limits={"guest": "60/min"})
    topology(
        SHOP, services__nginx={"limits": dict.fromkeys(("anonymous", "client", "driver", "partner", "admin"), "9/s")}
    )


def test_where_it_listens_is_an_address_and_a_port_of_the_host() -> None:
    assert parse_listener("127.0.0.1:8443") == Listener("127.0.0.1", 8443)
    for wrong in (":443", "localhost:443", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "1.2.3:443"):
        refused("publish.https: .*for instance 0.0.0.0:443", publish={"https": wrong})


def test_both_cannot_listen_on_one_port() -> None:
    refused("publish: 8443: https and http both", publish={"https": "127.0.0.1:8443", "http": "127.0.0.1:8443"})


def test_a_stack_that_people_use_needs_a_name_that_they_can_type() -> None:
    with pytest.raises(StackError, match="domain: 'localhost': prod is reached from outside"):
        topology(SHOP, environment="prod")


def test_an_origin_is_a_scheme_and_a_host() -> None:
    for wrong in ("*", "shop.example.com", "https://shop.example.com/"):
        refused("allowed_origins", allowed_origins=[wrong])


def test_more_endpoints_do_not_open_the_login() -> None:
    settings = topology(SHOP, services__nginx={"endpoints": {"/pay": "30/min"}}).services["nginx"]
    assert settings.model_dump()["endpoints"] == {"/login": Rate(5, 60), "/pay": Rate(30, 60)}
