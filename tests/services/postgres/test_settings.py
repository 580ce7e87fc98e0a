"""What a stack file cannot say of PostgreSQL, and what it is told instead."""

from typing import Any

import pytest

from basalt.topology.problem import StackError
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology


def refused(match: str, **changes: Any) -> None:
    with pytest.raises(StackError, match=match):
        topology(DATABASE, **changes)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("port", 5433, "derived from the topology"),
        ("ssl_cert_file", "mine.crt", "derived from the topology"),
        ("archive_command", "cp %p /else", "derived from the topology"),
        ("fsync", "off", "a crash would lose acknowledged commits"),
        ("max_connections", 500, r"write services\.postgres\.max_connections"),
        ("shared_preload_libraries", "x", r"follows from databases\.<name>\.extensions"),
    ],
)
def test_a_parameter_that_the_topology_owns_cannot_be_set(name: str, value: object, remedy: str) -> None:
    refused(
        rf"services\.postgres\.parameters\.{name}: {value!r}: .*{remedy}", services__postgres__parameters={name: value}
    )


def test_a_name_that_is_no_parameter_is_refused() -> None:
    refused("parameters", services__postgres__parameters={"Work Mem": "4MB"})


def test_no_loss_and_commits_that_do_not_wait_exclude_each_other() -> None:
    off = {"synchronous_commit": "off"}
    refused("promise.loss is none", services__postgres__parameters=off)
    topology(DATABASE, services__postgres__parameters=off, promise={"loss": "bounded"})
    topology(DATABASE, services__postgres__parameters={"synchronous_commit": "remote_apply"})


def test_production_without_a_second_member_cannot_promise_no_loss() -> None:
    alone = raw(THREE_HOSTS, services__postgres={"members": 1, "databases": {"shop": {}}})
    with pytest.raises(StackError, match="loss: none needs a second member"):
        topology(alone)


def test_a_cluster_without_a_database_is_refused() -> None:
    refused(r"services\.postgres\.databases", services__postgres__databases={})


@pytest.mark.parametrize("name", ["postgres", "pgbouncer", "template1", "pg_mine"])
def test_a_database_cannot_take_a_name_that_is_taken(name: str) -> None:
    refused("choose another", services__postgres__databases={name: {}})


def test_a_database_cannot_be_called_as_the_replicas_of_another() -> None:
    two: dict[str, Any] = {"shop": {}, "shop_ro": {}}
    refused("PgBouncer calls the replicas of shop so", services__postgres__databases=two)


def test_an_extension_that_is_not_in_the_image_is_refused_with_those_that_are() -> None:
    refused(
        "not in the image; there are: amcheck, ", services__postgres__databases={"shop": {"extensions": ["postgis"]}}
    )


def test_pg_cron_serves_one_database() -> None:
    both = {name: {"extensions": ["pg_cron"]} for name in ("shop", "journal")}
    refused("pg_cron serves one database of a cluster", services__postgres__databases=both)


def test_an_archive_needs_a_backup() -> None:
    refused(r"declare services\.backup", services__postgres__archive=True)
