"""What the containers of a service are made of, in a few letters."""

from typing import Any

import pytest

from basalt.plan import plan
from basalt.targets.docker.wanted import made_of
from basalt.topology.load import load
from tests.services.app.stack import SHOP
from tests.stacks import raw

SEED = "5e" * 32
#: A short one, which could be found by trying.
GIVEN = {"mail": "1234"}


def told(seed: str = SEED, given: dict[str, str] = GIVEN, **changes: Any) -> dict[str, str]:
    """Of the application, with a secret of the operator's; `changes` as `raw` takes them."""
    declared = raw(raw(SHOP, services__app__secrets=["mail"], services__backup={}), **changes)
    return made_of(plan(load("lab", declared, given=["mail"])), ("app",), seed, given)


def changed(**changes: Any) -> set[str]:
    """Workloads of which something else is told."""
    before, now = told(), told(**changes)
    return {name for name in {*before, *now} if before.get(name) != now.get(name)}


EVERYONE = {"migrate", "api", "payment", "worker"}


def test_every_workload_of_the_service_is_told_of_and_no_other() -> None:
    assert set(told()) == EVERYONE


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"image": "registry.example.com/shop:1.43"}, EVERYONE),
        ({"migrate": ["python", "-m", "shop", "migrate", "--slowly"]}, {"migrate"}),
        ({"parts": {"api": {"routes": ["/"], "pool": 9}}}, EVERYONE),
    ],
)
def test_what_replaces_containers_is_told(settings: dict[str, Any], expected: set[str]) -> None:
    assert changed(services__app={"secrets": ["mail"], **settings}) == expected


def test_a_changed_secret_is_told_of_and_nobody_can_try_which_it_is() -> None:
    assert changed(given={"mail": "4321"}) == EVERYONE
    assert not set(told().values()) & set(told(seed="e5" * 32).values())


@pytest.mark.parametrize(
    "changes",
    [
        {"services__backup": {"before_deploy": True, "late": "4h"}},
        {"services__postgres__parameters": {"work_mem": "8MB"}},
        {"services__nginx": {"domain": "shop.example.com"}},
        {"certificates": {"days": 60, "renew": 30}},
    ],
)
def test_a_change_elsewhere_is_none_of_it(changes: dict[str, Any]) -> None:
    assert changed(**changes) == set()


def test_one_replica_more_is_none_of_it() -> None:
    parts = {"api": {"routes": ["/"]}, "worker": {"queues": {"dispatch": 4}}}
    more = {**parts, "api": {"routes": ["/"], "replicas": 2}}
    assert told(services__app__parts=parts) == told(services__app__parts=more)
