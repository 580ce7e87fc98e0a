"""What Docker is told about an instance."""

from typing import Any

from basalt.operations.environment import ROOT
from basalt.plan import plan
from basalt.targets.docker.container import arguments, hosts
from basalt.topology.load import load_stack
from tests.stacks import ONE_HOST, THREE_HOSTS, topology


def first(base: dict[str, Any]) -> dict[str, Any]:
    made = plan(topology(base))
    return arguments(made.planned[0], made.site, "basalt/etcd:1")


def test_a_container_runs_without_privileges() -> None:
    told = first(ONE_HOST)
    assert told["user"] == "10001:10001"
    assert told["read_only"] is True
    assert told["capabilities"] == {"drops": ["ALL"], "adds": []}
    assert told["security_opts"] == ["no-new-privileges:true"]


def test_who_sees_the_processes_of_others_is_not_their_user() -> None:
    made = plan(topology(ONE_HOST, services__node={}))
    (node,) = (planned for planned in made.planned if planned.instance.workload.observes_host)
    told = arguments(node, made.site, "basalt/exporter:1")
    assert told["user"] == "10002:10002"
    assert all("uid=10002,gid=10002" in how for how in told["tmpfs"].values())


def test_a_container_cannot_take_more_than_its_limits() -> None:
    told = first(ONE_HOST)
    assert told["memory"] == told["memory_swap"] == 160
    assert told["cpus"] == "0.5"


def test_a_crash_is_healed_by_the_engine() -> None:
    assert first(ONE_HOST)["restart"] == "always"


def test_logs_are_rotated() -> None:
    told = first(ONE_HOST)["log_opts"]
    assert (told["max-size"], told["max-file"]) == ("10m", "3")


def test_each_line_says_whose_it_is() -> None:
    told = first(ONE_HOST)["log_opts"]
    assert told["labels"].split(",") == ["basalt.stack", "basalt.service", "basalt.workload"]
    assert told["tag"] == "{{.Name}}"


def test_on_one_host_nothing_is_opened_that_is_not_published() -> None:
    assert first(ONE_HOST)["ports"] == []


def test_between_hosts_only_used_ports_are_opened_on_the_hosts_own_address() -> None:
    opened = {(port["ip"], port["external"]) for port in first(THREE_HOSTS)["ports"]}
    assert opened == {("192.0.2.11", 2380)}, "nobody here is a client of etcd or watches it"


def test_between_hosts_names_resolve_to_hosts() -> None:
    made = plan(topology(THREE_HOSTS))
    assert hosts(made.site, made.planned[0].instance) == [("etcd-2", "192.0.2.12"), ("etcd-3", "192.0.2.13")]


def test_nobody_knows_members_and_groups_or_two_groups() -> None:
    """Where they share an address, c-ares would take one of them to have the addresses of both, or only one."""
    made = plan(load_stack(ROOT, "prod-iad"))
    named = {p.instance.name: hosts(made.site, p.instance) for p in made.planned}
    assert named["pgbouncer-1"] == [("haproxy", made.site.ip(one)) for one in made.site.of("haproxy")]
    for instance, found in named.items():
        kinds = {name.rpartition("-")[2].isdigit() for name, _ in found}
        assert len(kinds) < 2, f"{instance} knows members and groups: {found}"
    dialing = [p.instance.workload for p in made.planned if p.instance.workload.dials_groups]
    assert {workload.name for workload in dialing} == {"pgbouncer"}
    assert all(len({use.workload for use in workload.uses}) == 1 for workload in dialing)


def test_files_are_mounted_read_only() -> None:
    assert {"volume_name": "lab-etcd-1-files", "container_path": "/etc/basalt", "read_only": True} in first(ONE_HOST)[
        "volumes"
    ]


def test_who_observes_the_host_sees_disks_that_are_mounted_later_and_changes_nothing() -> None:
    made = plan(topology(ONE_HOST, services__node={}))
    told = {p.instance.workload.name: arguments(p, made.site, "basalt/exporter:1") for p in made.planned}
    (mount,) = told["node-exporter"]["mounts"]
    assert (mount["source"], mount["target"], mount["read_only"]) == ("/", "/host", True)
    assert mount["bind_options"] == {"propagation": "rslave"}
    assert told["etcd"]["mounts"] == []
