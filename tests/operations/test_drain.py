"""What leaves a host, in which order, and whether it may: decided without a host."""

from typing import Any

import pytest
from typer.testing import CliRunner

from basalt.cli import app
from basalt.operations.drain import names
from basalt.operations.drain.decide import Leave, leave, members_stay
from basalt.operations.drain.hands import DrainError
from basalt.operations.drain.names import past
from basalt.operations.environment import ROOT
from basalt.operations.switchover.decide import RefusedError, choose
from basalt.operations.switchover.hands import HandError
from basalt.plan import survey
from basalt.topology.load import load, load_stack
from basalt.workload import Tier
from tests.operations.test_switchover import LEADER, OTHER, SYNC, cluster
from tests.stacks import THREE_HOSTS, raw


def leaving(stack: str, host: str, sick: dict[str, str] | None = None, *, outage: bool = False) -> Leave:
    return leave(survey(load_stack(ROOT, stack)), host, sick or {}, outage=outage)


def refusal(stack: str, host: str, sick: dict[str, str] | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        leaving(stack, host, sick)
    return str(caught.value)


def test_who_is_served_by_others_goes_first_and_consensus_last() -> None:
    found = leaving("prod-iad", "data-1")
    assert [{one.workload.tier for one in group} for group in found.groups] == [
        {Tier.WATCH},
        {Tier.DATA},
        {Tier.DATA},
        {Tier.DATA},
        {Tier.CONTROL},
    ]
    assert "pgbouncer-2" in {one.name for one in found.groups[1]}
    assert [[one.name for one in group] for group in found.groups[2:4]] == [["haproxy-1"], ["postgres-3"]]
    assert [one.name for one in found.groups[-1]] == ["etcd-1", "redis-sentinel-2"]
    assert found.away == ()


def test_what_runs_to_its_end_does_not_leave() -> None:
    site = survey(load_stack(ROOT, "prod-iad"))
    tasks = {one.name for one in site.instances if one.workload.task}
    assert tasks
    assert not tasks & {name for host in site.topology.hosts for name in leave(site, host, {}, outage=True).names}


def test_who_can_wait_is_told_and_nothing_is_refused() -> None:
    away = leaving("prod-iad", "store-1").away
    assert "prometheus is on store-1 alone" in away
    assert "backup is on store-1 alone" in away


def test_what_users_need_is_not_taken_from_them_without_a_word() -> None:
    told = refusal("staging", "node-2")
    assert told == (
        "worker is on node-2 alone; declare another instance on another host, or agree to the outage with --outage"
    )
    assert leaving("staging", "node-2", outage=True).away == ("worker is on node-2 alone",)


def test_a_quorum_is_not_lost_without_a_word() -> None:
    two = raw(THREE_HOSTS, environment="test", **{"hosts__data-3": None})
    site = survey(load("lab", two))
    (host,) = [name for name in site.topology.hosts if sum(one.host == name for one in site.of("etcd")) == 2]
    with pytest.raises(RefusedError, match="of etcd 1 of 3 stay, and 2 are needed"):
        leave(site, host, {}, outage=False)


def test_where_others_are_not_well_nobody_leaves() -> None:
    told = refusal("prod-iad", "data-1", {"etcd-2": "exited", "postgres-1": "missing"})
    assert "of those that would stay, some are not well: etcd-2 is exited; postgres-1 is missing; repair them" in told


def test_what_is_not_well_on_the_host_itself_may_leave() -> None:
    assert "etcd-1" in leaving("prod-iad", "data-1", {"etcd-1": "exited"}).names


def test_a_stack_on_one_host_and_a_host_that_is_not_there_are_told() -> None:
    assert "etcd is on local alone" in refusal("dev", "local")
    assert leaving("dev", "local", outage=True).groups
    assert "has no host data-9; there are: " in refusal("prod-iad", "data-9")


def test_poolers_that_stay_know_a_haproxy_that_stays() -> None:
    site = survey(load_stack(ROOT, "prod-iad"))
    assert [one.host for one in site.of("haproxy")] == ["data-1", "data-2"]
    assert past(site, "data-1") == {"pgbouncer-1": str(site.topology.hosts["data-2"].address)}
    assert past(site, "data-3") == {}
    assert past(survey(load_stack(ROOT, "dev")), "local") == {}


def test_who_is_about_to_leave_does_not_take_over() -> None:
    view = cluster(LEADER, {**OTHER, "role": "sync_standby"}, SYNC)
    assert choose(view, None, 5, synchronous=True).candidate == "postgres-2"
    assert choose(view, None, 5, synchronous=True, spared=frozenset({"postgres-2"})).candidate == "postgres-3"
    with pytest.raises(RefusedError, match="postgres-3 is about to leave; postgres-2 is about to leave"):
        choose(view, None, 5, synchronous=True, spared=frozenset({"postgres-1", "postgres-2", "postgres-3"}))


def test_a_refusal_ends_with_2() -> None:
    done = CliRunner().invoke(app, ["drain", "nowhere", "--stack", "prod-iad", "--dry-run"])
    assert done.exit_code == 2
    assert "refused: stack prod-iad has no host nowhere" in done.output


@pytest.mark.parametrize(
    ("members", "going", "why"),
    [
        ([LEADER, SYNC, OTHER], "postgres-1", ""),
        ([LEADER, SYNC, OTHER], "postgres-3", ""),
        ([LEADER, SYNC, {**OTHER, "state": "running"}], "postgres-3", ""),
        ([LEADER, SYNC, {**OTHER, "state": "running"}], "postgres-2", "postgres-3 would stay and does not follow"),
        ([LEADER, {**SYNC, "timeline": 2}, OTHER], "postgres-3", "postgres-2 would stay and does not follow"),
        ([{**LEADER, "state": "starting"}, SYNC, OTHER], "postgres-3", "nobody leads the database"),
    ],
)
def test_members_that_stay_are_the_leader_or_follow_it(members: list[dict[str, Any]], going: str, why: str) -> None:
    view = cluster(*members)
    if not why:
        members_stay(view, frozenset({going}))
        return
    with pytest.raises(RefusedError, match=why):
        members_stay(view, frozenset({going}))


def test_of_redis_as_many_stay_as_a_write_needs() -> None:
    two = raw(THREE_HOSTS, environment="test", services={"redis": {}}, **{"hosts__data-3": None})
    site = survey(load("lab", two))
    (host,) = [name for name in site.topology.hosts if sum(one.host == name for one in site.of("redis")) == 2]
    with pytest.raises(RefusedError, match="of redis 1 of 3 stay, and 2 are needed"):
        leave(site, host, {}, outage=False)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("pgbouncer-lead: invalid choice: 'reach'", "what runs is older than this command: basalt up first"),
        ("certificate verify failed: IP address mismatch", "what runs is older than this command: basalt up first"),
        ("[Errno 111] Connection refused", "[Errno 111] Connection refused; see basalt status"),
    ],
)
def test_a_pooler_that_does_not_get_through_is_told(monkeypatch: pytest.MonkeyPatch, said: str, remedy: str) -> None:
    site = survey(load_stack(ROOT, "prod-iad"))

    def ask(*_: object, **__: object) -> None:
        raise HandError(said)

    monkeypatch.setattr(names, "_running", lambda *_: iter(site.of("pgbouncer")[:1]))
    monkeypatch.setattr(names, "_ask", ask)
    with pytest.raises(RefusedError) as refused:
        names.can_be_led(site, "data-1")
    target = site.topology.hosts["data-2"].address
    assert str(refused.value) == f"pgbouncer-1 cannot be led past data-1 to {target}: {remedy}"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("a transaction is open through 10.0.0.2: shop_app", "end it, or wait longer (--wait), and say it again"),
        ("[Errno 111] Connection refused", "all are led back; see basalt status, and say it again"),
    ],
)
def test_who_cannot_be_led_is_led_back(monkeypatch: pytest.MonkeyPatch, said: str, remedy: str) -> None:
    site, asked = survey(load_stack(ROOT, "prod-iad")), list[str]()

    def ask(_site: object, _pooler: object, verb: str, *_: object, **__: object) -> None:
        asked.append(verb)
        if verb == "past":
            raise HandError(said)

    monkeypatch.setattr(names, "_running", lambda *_: iter(site.of("pgbouncer")[:1]))
    monkeypatch.setattr(names, "_ask", ask)
    with pytest.raises(DrainError) as refused:
        names.lead_past(site, "data-1", 5)
    assert str(refused.value) == f"{said}; {remedy}"
    assert asked == ["past", "back"]
