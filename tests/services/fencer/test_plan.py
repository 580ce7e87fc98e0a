"""Fencers: where they stand, whom they see, what they are given."""

import json
from typing import Any

import pytest

from basalt.plan import Plan, plan
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology

FENCED = raw(DATABASE, services__fencer={})
HOSTS = raw(
    THREE_HOSTS, services__postgres={"databases": {"shop": {}}}, services__haproxy={}, services__fencer={"window": 2}
)


def told(made: Plan, name: str) -> dict[str, Any]:
    """What a fencer reads."""
    (planned,) = (planned for planned in made.planned if planned.instance.name == name)
    (file,) = planned.files
    found: dict[str, Any] = json.loads(file.text)
    return found


def test_one_stands_on_the_host_of_each_member() -> None:
    site = plan(topology(HOSTS)).site
    members = {member.ordinal: member.host for member in site.of("postgres")}
    assert {fencer.ordinal: fencer.host for fencer in site.of("fencer")} == members


def test_it_knows_its_member_by_the_address_of_its_container() -> None:
    made = plan(topology(HOSTS))
    for member, fencer in zip(made.site.of("postgres"), made.site.of("fencer"), strict=True):
        document = told(made, fencer.name)
        assert (document["own"], document["address"]) == (member.name, member.address)


def test_all_know_all_members_and_how_many_witnesses_there_are() -> None:
    made = plan(topology(HOSTS))
    documents = [told(made, fencer.name) for fencer in made.site.of("fencer")]
    assert {document["witnesses"] for document in documents} == {3}
    assert all(document["members"] == documents[0]["members"] for document in documents)
    assert documents[0]["members"].keys() == {member.name for member in made.site.of("postgres")}
    assert documents[0]["window"] == 2


def test_it_may_kill_and_nothing_else() -> None:
    (fencer, *_) = plan(topology(FENCED)).site.of("fencer")
    assert fencer.workload.capabilities == ("KILL",)
    assert fencer.workload.observes_host


def test_two_members_have_no_majority_when_one_is_gone() -> None:
    with pytest.raises(StackError, match="no majority of witnesses is left"):
        topology(raw(FENCED, services__postgres__members=2))


def test_without_postgresql_there_is_nobody_to_fence() -> None:
    with pytest.raises(StackError, match=r"declare services\.postgres"):
        topology(services__fencer={})
