"""What of the application may be declared, and what is told when it cannot be."""

import pytest

from basalt.topology.problem import StackError
from tests.services.app.stack import SHOP
from tests.stacks import raw, topology


def refused(text: str, **app: object) -> None:
    with pytest.raises(StackError, match=text):
        topology(SHOP, services__app=app)


def test_an_empty_block_is_the_whole_reference_application() -> None:
    topology(SHOP, services__app={})


def test_a_part_either_answers_or_does_jobs() -> None:
    refused("parts.api: .*either routes", parts={"api": {}})
    refused("parts.api: .*either routes", parts={"api": {"routes": ["/"], "queues": {"images": 1}}})


def test_two_parts_cannot_have_the_same_route() -> None:
    refused("parts.b.routes: '/': part a has it too", parts={"a": {"routes": ["/"]}, "b": {"routes": ["/"]}})


def test_a_route_has_one_way_to_be_written() -> None:
    refused("routes", parts={"api": {"routes": ["/pay/"]}})


@pytest.mark.parametrize("name", ["redis", "redis-copy", "postgres-exporter", "migrate"])
def test_a_part_cannot_take_the_name_of_another_service(name: str) -> None:
    refused(f"parts.{name}: .*choose another", parts={name: {"routes": ["/"]}})


def test_the_only_database_need_not_be_named_one_of_two_must() -> None:
    two = raw(SHOP, services__postgres={"databases": {"a": {}, "b": {}}}, services__pgbouncer={"pool": 10})
    with pytest.raises(StackError, match=r"app.database: None: services.postgres declares a, b; name one of them"):
        topology(two)
    topology(two, services__app={"database": "b"})
    refused("app.database: 'sohp': services.postgres declares shop", database="sohp")


def test_a_secret_that_is_not_set_is_told_with_the_command_that_sets_it() -> None:
    refused("pulumi config set --stack lab --secret --path 'basalt:secrets.mail'", secrets=["mail"])


def test_the_reference_application_has_the_queues_that_it_has() -> None:
    refused("queues: 'mails': the reference application has", parts={"worker": {"queues": {"mails": 1}}})
    topology(SHOP, services__app={"parts": {"worker": {"queues": {"mails": 1}, "command": ["mailer"]}}})


def test_a_stream_that_no_part_answers_is_refused() -> None:
    refused("streams: '/live': no part has a route", streams=["/live"], parts={"payment": {"routes": ["/pay"]}})
