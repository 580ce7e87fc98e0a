"""What Ansible is told is what is planned, for every stack there is."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from testinfra.utils.ansible_runner import AnsibleRunner

from basalt.collect.inventory import inventory
from basalt.plan import survey
from basalt.topology.load import load_stack
from basalt.topology.problem import StackError
from tests.stacks import ONE_HOST, topology
from tools.setup import paths

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
STACKS = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("stacks/Pulumi.*.yaml"))
ANSIBLE = Path(sys.executable).parent / "ansible-inventory"
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{ANSIBLE.parent}:{os.environ['PATH']}",
    "ANSIBLE_CONFIG": str(paths.ANSIBLE_CONFIG),
    "PYTHONPATH": str(ROOT),
    "ANSIBLE_NOCOLOR": "1",
}


def ansible(source: Path | str, *arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    command = [str(ANSIBLE), "-i", str(source), *arguments]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, text=True, capture_output=True, check=False)


@cache
def listing(stack: str) -> dict[str, Any]:
    """`ansible-inventory --list` of a stack."""
    done = ansible(f"stacks/Pulumi.{stack}.yaml", "--list")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def planned(stack: str) -> dict[str, set[str]]:
    """The groups that the plan asks for, found without the collector."""
    site = survey(load_stack(ROOT, stack))
    groups: dict[str, set[str]] = defaultdict(set)
    for name, host in site.topology.hosts.items():
        kinds = [("environment", site.topology.environment.value), ("region", site.topology.region)]
        kinds += [("zone", host.zone), *(("tier", tier.value) for tier in host.tiers)]
        for kind, value in kinds:
            groups[f"{kind}_{value}"].add(name)
    for instance in site.instances:
        groups[f"service_{instance.service}".replace("-", "_")].add(instance.host)
        groups[f"workload_{instance.workload.name}".replace("-", "_")].add(instance.host)
        if not instance.workload.task:
            groups["containers"].add(f"{stack}-{instance.name}")
    return {**groups, "machines": set(site.topology.hosts)}


@pytest.mark.parametrize("stack", STACKS)
def test_the_groups_are_those_of_the_plan(stack: str) -> None:
    found = {name: set(group["hosts"]) for name, group in listing(stack).items() if "hosts" in group}
    assert found == planned(stack)


@pytest.mark.parametrize("stack", STACKS)
def test_the_graph_is_that_of_the_plan(stack: str) -> None:
    """As people see it: `@group:` and below it, deeper by one, its members. Every group hangs directly below `all`."""
    done = ansible(f"stacks/Pulumi.{stack}.yaml", "--graph")
    assert done.returncode == 0, done.stderr
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines()[1:]:
        depth, name = line.count("|"), line.rpartition("|--")[2]
        if depth == 1:
            group = name.removeprefix("@").removesuffix(":")
            found[group] = set()
        else:
            found[group].add(name)
    assert found.pop("ungrouped") == set()
    assert found == planned(stack)


@pytest.mark.parametrize("stack", STACKS)
def test_every_instance_stands_on_its_host_and_only_there(stack: str) -> None:
    variables = listing(stack)["_meta"]["hostvars"]
    site = survey(load_stack(ROOT, stack))
    found = {(host, i["name"]) for host in site.topology.hosts for i in variables[host]["basalt_instances"]}
    assert found == {(instance.host, instance.name) for instance in site.instances}


@pytest.mark.parametrize("stack", STACKS)
def test_hosts_have_what_the_stack_file_declares(stack: str) -> None:
    variables = listing(stack)["_meta"]["hostvars"]
    for name, host in load_stack(ROOT, stack).hosts.items():
        found = variables[name]
        assert found["basalt_address"] == str(host.address)
        assert (found["basalt_cores"], found["basalt_memory_mb"]) == (host.cores, host.memory)
        assert (found["basalt_zone"], found["basalt_engine"]) == (host.zone, host.engine)
        assert found["basalt_stack"] == stack


def test_a_service_group_has_the_settings_with_their_defaults() -> None:
    found = listing("dev")["_meta"]["hostvars"]["local"]
    assert found["basalt_service_pgbouncer"] == {"members": 2, "pool": 10, "clients": 1000}
    assert found["basalt_service_etcd"]["members"] == 3


def test_ansible_connects_as_the_engine_does() -> None:
    local = listing("dev")["_meta"]["hostvars"]["local"]
    production = listing("prod-iad")["_meta"]["hostvars"]
    data, app = production["data-1"], production["app-1"]
    assert local["ansible_connection"] == "local"
    assert (data["ansible_host"], data["ansible_user"]) == ("data-1.iad", "ops")
    assert "ansible_port" not in data
    assert app["ansible_host"] == "192.0.2.21"


def test_a_port_in_the_engine_is_the_port_of_ssh() -> None:
    made = inventory(topology(ONE_HOST, hosts__local__engine="ssh://ops@far:2222"))
    assert made.hosts["local"]["ansible_port"] == 2222


@pytest.mark.parametrize(
    ("engine", "number"),
    [("ssh://ops@far", 0), ("unix:///run/docker.sock", 0), ("tcp://far", 2376), ("tcp://far:2400", 2400)],
)
def test_an_engine_that_listens_on_the_network_has_its_port_told(engine: str, number: int) -> None:
    certificates = {"hosts__local__engine_certificates": "/certificates"} if number else {}
    made = inventory(topology(ONE_HOST, hosts__local__engine=engine, **certificates))
    assert made.hosts["local"]["basalt_engine_port"] == number


def test_no_secret_of_a_stack_file_reaches_ansible(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    document = yaml.safe_load((ROOT / "stacks" / "Pulumi.dev.yaml").read_text())
    # The clone's own stack may be up, and its file hold a seed already.
    document["config"] |= {"basalt:seed": {"secure": "v1:canary"}, "basalt:secrets": {"mail": {"secure": "v1:canary"}}}
    source = tmp_path / "stacks" / "Pulumi.dev.yaml"
    source.write_text(yaml.safe_dump(document))
    done = ansible(source, "--list")
    assert done.returncode == 0, done.stderr
    assert "canary" not in done.stdout
    assert '"dev-postgres-1"' in done.stdout


def test_it_works_in_every_folder_of_the_clone() -> None:
    done = ansible("../../stacks/Pulumi.staging.yaml", "--graph", "machines", cwd=ROOT / "basalt" / "collect")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["@machines:", "|--node-1", "|--node-2", "|--node-3", "|--store-1"]


def test_a_wrong_stack_file_is_told_in_the_words_of_basalt(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    source = tmp_path / "stacks" / "Pulumi.dev.yaml"
    source.write_text((ROOT / "stacks" / "Pulumi.dev.yaml").read_text().replace("etcd: {}", "etcd: {members: 4}"))
    with pytest.raises(StackError) as caught:
        load_stack(tmp_path, "dev")
    done = ansible(source, "--list")
    assert done.returncode != 0
    assert str(caught.value) in done.stderr
    assert "3 or 5 keep a quorum" in done.stderr


def test_a_host_may_not_bear_the_name_of_a_container() -> None:
    with pytest.raises(StackError, match=r"hosts\.lab-etcd-1"):
        inventory(topology(ONE_HOST, hosts={"lab-etcd-1": ONE_HOST["hosts"]["local"]}))


def test_testinfra_reaches_containers_by_the_docker_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATH", "ANSIBLE_CONFIG", "PYTHONPATH"):
        monkeypatch.setenv(name, ENVIRONMENT[name])
    runner = AnsibleRunner(str(ROOT / "stacks" / "Pulumi.dev.yaml"))
    assert set(runner.get_hosts("containers")) == planned("dev")["containers"]
    host = runner.get_host("dev-postgres-1")
    assert host is not None
    assert (host.backend.NAME, host.backend.get_pytest_id()) == ("docker", "docker://dev-postgres-1")
    assert runner.get_variables("dev-postgres-1")["basalt_workload"] == "postgres"
