"""A wrong stack file never loads, and says where, what and how to mend it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from basalt.plan import survey
from basalt.topology.load import load, load_stack
from basalt.topology.problem import StackError
from tests.stacks import ONE_HOST, THREE_HOSTS, raw

ROOT = Path(__file__).parent.parent.parent

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    # name: (stack, path in the message, a word of the remedy)
    "an unknown key": (raw(ONE_HOST, enviroment="dev"), "enviroment", "did you mean environment"),
    "an unknown service": (raw(ONE_HOST, services__ectd={}), "services.ectd", "did you mean etcd"),
    "an unknown setting": (raw(ONE_HOST, services__etcd__member=3), "services.etcd.member", "did you mean members"),
    "a missing key": (raw(ONE_HOST, region=None), "region", "required"),
    "a wrong type": (raw(ONE_HOST, services__etcd__members="many"), "services.etcd.members", "integer"),
    "an unknown environment": (raw(ONE_HOST, environment="production"), "environment", "prod"),
    "an address that is none": (raw(ONE_HOST, hosts__local__address="localhost"), "hosts.local.address", "IPv4"),
    "an engine of no known kind": (raw(ONE_HOST, hosts__local__engine="http://x"), "hosts.local.engine", "ssh://"),
    "no hosts": (raw(ONE_HOST, hosts={}), "hosts", "at least 1"),
    "a network that is too small": (raw(ONE_HOST, network="198.18.0.0/28"), "network", "/22"),
    "an even quorum": (raw(ONE_HOST, services__etcd__members=4), "services.etcd.members", "3 or 5 keep a quorum"),
    "a quorum in one zone": (raw(THREE_HOSTS, **{"hosts__data-2__zone": "a"}), "services.etcd.members", "zone a"),
    "memory overcommitted": (raw(ONE_HOST, hosts__local__memory_gb=0.5), "hosts.local.memory_gb", "add memory"),
    "two hosts on one engine": (
        raw(THREE_HOSTS, **{"hosts__data-2__engine": "ssh://ops@data-1"}),
        "hosts.data-2.engine",
        "own engine",
    ),
    "two hosts with one address": (
        raw(THREE_HOSTS, **{"hosts__data-2__address": "192.0.2.11"}),
        "hosts.data-2.address",
        "another host",
    ),
    "a standby without a peer": (raw(ONE_HOST, role="standby"), "role", "peers"),
    "a certificate that always renews": (
        raw(ONE_HOST, certificates={"days": 30, "renew": 30}),
        "certificates",
        "smaller",
    ),
    "a block that is no mapping": (raw(ONE_HOST, services__etcd=3), "services.etcd", "mapping"),
}


@pytest.mark.parametrize("name", WRONG)
def test_refuses(name: str) -> None:
    stack, path, remedy = WRONG[name]
    with pytest.raises(StackError) as caught:
        load("lab", stack)
    found = {problem.path: str(problem) for problem in caught.value.problems}
    assert path in found, f"{name}: told {found}"
    assert remedy in found[path]


def test_tells_every_problem_at_once() -> None:
    with pytest.raises(StackError) as caught:
        load("lab", raw(ONE_HOST, enviroment="dev", services__ectd={}, region=None))
    assert {problem.path for problem in caught.value.problems} == {"enviroment", "services.ectd", "region"}


def test_names_the_stacks_there_are() -> None:
    with pytest.raises(StackError, match="there are: dev"):
        load_stack(ROOT, "dve")


def test_a_file_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.bad.yaml").write_text("config: [")
    with pytest.raises(StackError, match="correct the YAML"):
        load_stack(tmp_path, "bad")


@pytest.mark.parametrize("file", sorted((ROOT / "stacks").glob("Pulumi.*.yaml")), ids=lambda file: file.name)
def test_every_stack_file_of_the_repository_loads(file: Path) -> None:
    name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    assert load_stack(ROOT, name).name == name


def test_a_topology_cannot_be_changed() -> None:
    topology = load("lab", ONE_HOST)
    with pytest.raises(ValueError, match="frozen"):
        topology.region = "fra"  # type: ignore[misc]


def reversed_keys(raw: Any) -> Any:
    """The same mappings, read from the end."""
    return {key: reversed_keys(raw[key]) for key in reversed(raw)} if isinstance(raw, dict) else raw


@pytest.mark.parametrize("stack", ["staging", "prod-iad", "prod-fra"])
def test_where_things_are_does_not_depend_on_the_order_in_which_a_file_is_read(stack: str) -> None:
    document = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    topology, given = document["basalt:topology"], document.get("basalt:secrets") or {}
    assert survey(load(stack, topology, given)) == survey(load(stack, reversed_keys(topology), given))
