"""Redis and its sentinels: what they are told."""

import re

import pytest

from basalt.plan import Plan, plan
from basalt.services.redis.memory import shares
from basalt.topology.problem import StackError
from basalt.workload import SecretRef
from tests.stacks import ONE_HOST, THREE_HOSTS, raw, topology

REDIS = raw(ONE_HOST, services__redis={})


def text(made: Plan, instance: str, path: str) -> str:
    return next(f.text for p in made.planned if p.instance.name == instance for f in p.files if f.path == path)


def test_no_port_is_open_without_tls() -> None:
    made = plan(topology(REDIS))
    for instance, path in (("redis-1", "redis.conf"), ("redis-sentinel-1", "sentinel.conf")):
        assert "\nport 0\n" in "\n" + text(made, instance, path)
        assert "tls-replication yes" in text(made, instance, path)


def test_nobody_enters_without_a_name_and_a_password() -> None:
    made = plan(topology(REDIS))
    for instance in ("redis-1", "redis-sentinel-1"):
        users = text(made, instance, "users.acl").splitlines()
        assert users[0] == "user default reset off"
        assert all(" reset on >@@secret:" in user and "nopass" not in user for user in users[1:])


def test_the_application_can_neither_stop_nor_reconfigure_anything() -> None:
    made = plan(topology(REDIS))
    (member,) = re.findall(r"^user app .*", text(made, "redis-1", "users.acl"), re.MULTILINE)
    assert "-@admin -@dangerous" in member
    (sentinel,) = re.findall(r"^user app .*", text(made, "redis-sentinel-1", "users.acl"), re.MULTILINE)
    assert not re.search(r"failover|remove|set|@all|reset\b(?! on)", sentinel.replace("reset on", ""))


def test_no_password_is_in_a_command() -> None:
    for planned in plan(topology(REDIS)).planned:
        workload = planned.instance.workload
        assert not SecretRef.find(" ".join([*workload.command, *workload.environment.values()]))


def test_exporters_hold_no_other_password_than_their_own() -> None:
    made = plan(topology(REDIS))
    exporters = [p for p in made.planned if p.instance.workload.name.endswith("-exporter")]
    assert {secret.name for p in exporters for f in p.files for secret in f.secrets} == {"redis/exporter"}


def test_a_majority_of_sentinels_decides() -> None:
    assert "sentinel monitor main redis-1 6379 2\n" in text(plan(topology(REDIS)), "redis-sentinel-3", "sentinel.conf")
    five = plan(topology(REDIS, services__redis={"sentinels": 5}))
    assert "sentinel monitor main redis-1 6379 3\n" in text(five, "redis-sentinel-3", "sentinel.conf")


def test_clients_are_told_names_that_certificates_bear() -> None:
    made = plan(topology(REDIS))
    assert "sentinel announce-hostnames yes" in text(made, "redis-sentinel-1", "sentinel.conf")
    for planned in made.planned:
        if planned.instance.workload.name == "redis":
            assert f"replica-announce-ip {planned.instance.name}\n" in text(made, planned.instance.name, "redis.conf")
            assert planned.instance.name in planned.certificates[0].names


@pytest.mark.parametrize(("members", "needed"), [(1, 0), (2, 0), (3, 1), (5, 1)])
def test_a_write_exists_twice_where_a_failover_leaves_two_members(members: int, needed: int) -> None:
    made = plan(topology(REDIS, services__redis={"members": members}))
    assert f"min-replicas-to-write {needed}\n" in text(made, "redis-1", "redis.conf")


def test_queued_jobs_are_never_evicted() -> None:
    assert "maxmemory-policy volatile-lru" in text(plan(topology(REDIS)), "redis-1", "redis.conf")


@pytest.mark.parametrize("limit", [64, 170, 512, 2048])
def test_keys_and_their_copies_fit_the_memory_limit(limit: int) -> None:
    share = shares(limit)
    # A rewrite of the append-only file may copy as much again as a third of the keys before the limit is met.
    assert share.keys * 4 / 3 + share.backlog + share.replica_buffer <= limit


def test_memory_follows_the_smallest_data_host() -> None:
    small = plan(topology(REDIS, hosts__local__memory_gb=4))
    large = plan(topology(REDIS, hosts__local__memory_gb=16))
    limits = [made.site.of("redis")[0].workload.limits.memory for made in (small, large)]
    assert limits == [85, 341]


def test_members_on_several_hosts_are_reached_by_their_outer_ports() -> None:
    made = plan(topology(raw(THREE_HOSTS, services__redis={"members": 5})))
    ports = {made.site.address(instance, "data").port for instance in made.site.of("redis")}
    assert ports == {6379, 6380}
    for instance in made.site.of("redis"):
        own = made.site.address(instance, "data")
        assert f"replica-announce-port {own.port}\n" in text(made, instance.name, "redis.conf")
        assert text(made, instance.name, "member").startswith(f"{own.name} {own.port}\nredis-1 6379\n")


def test_an_even_number_of_sentinels_is_refused_where_it_stands() -> None:
    with pytest.raises(StackError, match=r"services\.redis\.sentinels: 4: 4 is even; 3 or 5 keep a quorum"):
        topology(REDIS, services__redis={"sentinels": 4})


@pytest.mark.parametrize("name", ["members", "sentinels"])
def test_production_survives_a_host(name: str) -> None:
    with pytest.raises(StackError, match=rf"services\.redis\.{name}: 1: prod must survive the loss of a host"):
        topology(raw(THREE_HOSTS, services__redis={name: 1}))
