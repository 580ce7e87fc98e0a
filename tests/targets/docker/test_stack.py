"""Which resources a plan becomes."""

import json
from pathlib import Path

import pytest
import yaml

from basalt.plan import survey
from basalt.targets.docker.graph import at_once
from basalt.topology.load import load, load_stack
from basalt.topology.model import Target, Topology
from basalt.workload import Limits, Tier, Workload
from tests.mocks import Made, program, waits
from tests.stacks import THREE_HOSTS, raw, topology

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent.parent
STACKS = sorted(
    file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in (ROOT / "stacks").glob("Pulumi.*.yaml")
)


def of_type(made: list[Made], kind: str) -> list[Made]:
    return [resource for resource in made if resource.type.endswith(f":{kind}")]


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_runs_and_makes_a_container_an_instance(name: str) -> None:
    declared = load_stack(ROOT, name)
    if declared.target is not Target.DOCKER:
        pytest.skip("only Docker is applied yet")
    containers = of_type(program(declared), "Container")
    assert {resource.name for resource in containers} == {i.name for i in survey(declared).instances}


def test_each_host_gets_an_engine_and_a_network() -> None:
    made = program(topology(THREE_HOSTS))
    assert {resource.name for resource in of_type(made, "docker")} == {
        "engine-data-1",
        "engine-data-2",
        "engine-data-3",
    }
    assert len(of_type(made, "Network")) == 3


def test_an_instance_gets_files_and_a_certificate_of_its_own() -> None:
    made = program(topology())
    assert {resource.name for resource in of_type(made, "Files")} == {f"etcd-{n}-files" for n in (1, 2, 3)}
    wanted = [json.loads(resource.inputs["certificates"]) for resource in of_type(made, "Files")]
    names = [one["tls/control"]["names"][0] for one in wanted]
    assert sorted(names) == ["etcd-1", "etcd-2", "etcd-3"]


def test_members_roll_one_after_the_other() -> None:
    gates = {resource.name: resource.inputs for resource in of_type(program(topology()), "Healthy")}
    assert list(gates) == ["etcd-1-healthy", "etcd-2-healthy", "ready"]
    # Who was passed by, since the next did not run, is waited for before the one after it.
    assert names(gates["etcd-2-healthy"]["containers"]) == ["lab-etcd-1", "lab-etcd-2"]
    assert names(gates["etcd-1-healthy"]["before"]) == ["lab-etcd-2"]
    assert names(gates["etcd-2-healthy"]["before"]) == ["lab-etcd-3"]
    assert gates["ready"]["before"] == ""


def names(containers: str) -> list[str]:
    """Of containers that a gate is told of."""
    return [one["name"] for one in json.loads(containers)]


def test_what_follows_a_task_tells_what_a_change_takes() -> None:
    made = program(load_stack(ROOT, "test"))
    (settled,) = of_type(made, "Settled")
    assert settled.name == "postgres-provision-1-settled"
    assert settled.inputs["takes_restart"]["max_connections"] == "200"
    assert "work_mem" in settled.inputs["takes_reload"]


def test_nobody_settles_what_is_being_replaced() -> None:
    names = [one.name for one in program(load_stack(ROOT, "test")) if not one.type.endswith(":Files")]
    assert names.index("postgres-provision-1-settled") > names.index("postgres-3")


GUARD = "backup-before-app"


@pytest.fixture(scope="module")
def guarded() -> Topology:
    """The stack of the live tests with the option."""
    document = yaml.safe_load((ROOT / "stacks" / "Pulumi.test.yaml").read_text())["config"]["basalt:topology"]
    return load("test", raw(document, services__backup__before_deploy=True))


@pytest.fixture(scope="module")
def before(guarded: Topology) -> dict[str, set[str]]:
    """What each resource waits for."""
    return waits(guarded)


def test_a_backup_before_a_deploy_is_one_resource_more_and_asks_all_that_it_needs(guarded: Topology) -> None:
    without = [one.name for one in program(load_stack(ROOT, "test"))]
    made = program(guarded)
    assert sorted(one.name for one in made) == sorted([*without, GUARD])
    (guard,) = of_type(made, "Guarded")
    assert (guard.name, guard.inputs["command"], guard.inputs["stack"]) == (GUARD, ["backup"], "test")
    assert set(guard.inputs["made_of"]) == {"migrate", "api", "payment", "worker"}
    assert {container["name"].removeprefix("test-") for container in guard.inputs["containers"]} == {
        *(f"{name}-{number}" for name in ("postgres", "backup-agent") for number in (1, 2, 3)),
        "backup-1",
        "backup-scheduler-1",
    }


def test_nothing_of_the_application_comes_before_the_backup(guarded: Topology, before: dict[str, set[str]]) -> None:
    own = {i.name for i in survey(guarded).instances if i.service == "app"}
    assert "migrate-1" in own
    assert {name for name in before if GUARD in before[name]} == {
        *own,
        *(f"{name}-files" for name in own),
        "migrate-1-completed",
        *(name for name in before if name.endswith("-healthy") and name.removesuffix("-healthy") in own),
        "ready",
    }


def test_the_backup_comes_when_all_that_it_needs_has_settled(before: dict[str, set[str]]) -> None:
    needed = {"postgres-3", "backup-agent-3", "backup-1", "backup-scheduler-1", "postgres-provision-1-settled"}
    assert needed <= before[GUARD]


def test_a_label_tells_when_files_force_a_replacement() -> None:
    container = of_type(program(topology()), "Container")[0]
    labels = {label["label"]: label["value"] for label in container.inputs["labels"]}
    assert labels["basalt.stack"] == "lab"
    assert len(labels["basalt.files"]) == 16


@pytest.mark.parametrize(
    ("tier", "count", "expected"), [(Tier.APP, 2, 1), (Tier.APP, 8, 2), (Tier.APP, 100, 25), (Tier.DATA, 100, 1)]
)
def test_a_quarter_of_what_holds_no_state_is_replaced_at_once(tier: Tier, count: int, expected: int) -> None:
    workload = Workload("api", "none", (), Limits(64), None, tier, count=count)
    assert at_once(workload) == expected
