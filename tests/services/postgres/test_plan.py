"""PostgreSQL under Patroni: what the members and the provisioning task are told."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from basalt.plan import Plan, plan, survey
from basalt.topology.load import load_stack
from basalt.topology.model import Topology
from basalt.workload import CONTROL, Certificate, Workload
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology

ROOT = Path(__file__).parent.parent.parent.parent
SHIPPED = sorted(path.stem.removeprefix("Pulumi.") for path in (ROOT / "stacks").glob("Pulumi.*.yaml"))


def text(made: Plan, instance: str, path: str) -> str:
    return next(f.text for p in made.planned if p.instance.name == instance for f in p.files if f.path == path)


def patroni(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(plan(topology(DATABASE, **changes)), "postgres-1", "patroni.yml"))
    return found


def dynamic(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = patroni(**changes)["bootstrap"]["dcs"]
    return found


def parameters(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = dynamic(**changes)["postgresql"]["parameters"]
    return found


def member(of: Topology) -> Workload:
    return next(p.instance.workload for p in plan(of).planned if p.instance.name == "postgres-1")


def certificates(instance: str) -> dict[str, Certificate]:
    made = plan(topology(DATABASE))
    held = next(p.certificates for p in made.planned if p.instance.name == instance)
    return {certificate.authority.name: certificate for certificate in held}


def test_no_connection_without_tls_is_let_in() -> None:
    rules = patroni()["postgresql"]["pg_hba"]
    assert rules[0] == "hostnossl all all all reject"
    assert not [rule for rule in rules if rule.startswith("host ")]


def test_over_the_network_everyone_proves_who_they_are() -> None:
    rules = [rule.split() for rule in patroni()["postgresql"]["pg_hba"] if rule.startswith("hostssl")]
    assert {rule[4] for rule in rules} == {"scram-sha-256", "cert", "reject"}
    assert rules[-1] == ["hostssl", "all", "all", "all", "reject"]


def test_the_roles_of_a_database_reach_no_other() -> None:
    rules = patroni()["postgresql"]["pg_hba"]
    reaching = [rule.split()[1] for rule in rules if "shop_app" in rule]
    assert reaching == ["shop"]


def test_the_superuser_has_no_password_and_comes_with_the_certificate_of_the_task() -> None:
    found = patroni()["postgresql"]
    assert found["authentication"]["superuser"] == {"username": "postgres"}
    assert found["pg_ident"] == ["provision postgres-provision-1 postgres"]
    assert [rule.split()[4:] for rule in found["pg_hba"] if rule.startswith("hostssl all postgres")] == [
        ["cert", "map=provision"]
    ]
    assert found["parameters"]["ssl_ca_file"] == "/etc/basalt/tls/control/ca.crt"


def test_patroni_stops_at_the_gate_before_it_shuts_postgresql_down() -> None:
    assert patroni()["postgresql"]["before_stop"] == "/usr/local/bin/postgres-gate"


def test_who_goes_through_haproxy_finds_its_name_or_between_hosts_its_address() -> None:
    for stack, addresses in (("dev", set()), ("prod-iad", {"192.0.2.11", "192.0.2.12"})):
        site = survey(load_stack(ROOT, stack))
        names = set(site.certificate(site.of("postgres")[0]).names)
        assert {"haproxy", "haproxy-1", "haproxy-2"} <= names
        assert {name for name in names if name[0].isdigit()} == addresses


def test_orders_to_patroni_need_a_client_certificate() -> None:
    assert patroni()["restapi"]["verify_client"] == "optional"
    assert patroni()["restapi"]["cafile"] == "/etc/basalt/tls/control/ca.crt"


def test_members_verify_each_other() -> None:
    users = patroni()["postgresql"]["authentication"]
    assert {users[name]["sslmode"] for name in ("replication", "rewind")} == {"verify-full"}


def test_no_loss_means_synchronous_replication() -> None:
    assert dynamic()["synchronous_mode"] is True


def test_bounded_loss_and_a_single_member_do_not_wait() -> None:
    assert dynamic(promise={"loss": "bounded"})["synchronous_mode"] is False
    assert dynamic(services__postgres__members=1)["synchronous_mode"] is False


def test_a_cluster_starts_with_what_the_task_keeps_up() -> None:
    document = json.loads(text(plan(topology(DATABASE)), "postgres-provision-1", "provision.json"))
    assert document["configuration"] == dynamic()


def test_each_role_has_a_password_of_its_own() -> None:
    made = plan(topology(DATABASE))
    files = next(p.files for p in made.planned if p.instance.name == "postgres-provision-1")
    secrets = [ref.name for file in files for ref in file.secrets]
    cluster = {"postgres/replication", "postgres/rewind", "postgres/monitor"}
    assert len(secrets) == len(set(secrets))
    assert cluster | {"postgres/shop/app", "postgres/shop/migrate", "postgres/shop/readonly"} <= set(secrets)


def test_the_task_finds_each_password_where_the_document_says() -> None:
    made = plan(topology(DATABASE))
    files = next(p.files for p in made.planned if p.instance.name == "postgres-provision-1")
    roles = json.loads(text(made, "postgres-provision-1", "provision.json"))["roles"]
    named = {role["password_file"] for role in roles if "password_file" in role}
    assert named == {f"/etc/basalt/{file.path}" for file in files if file.secrets}


def test_a_declared_parameter_wins_over_the_tuned_one() -> None:
    assert parameters(services__postgres__parameters={"work_mem": "7MB"})["work_mem"] == "7MB"


def test_a_changed_parameter_replaces_no_container() -> None:
    made = plan(topology(DATABASE))
    files = next(p.files for p in made.planned if p.instance.name == "postgres-1")
    assert all(file.reloads for file in files)


def test_only_what_is_declared_is_loaded_into_the_server() -> None:
    assert parameters(services__postgres__databases={"shop": {}})["shared_preload_libraries"] == "pg_stat_statements"
    several = {"shop": {"extensions": ["pgaudit"]}, "jobs": {"extensions": ["pg_cron"]}}
    found = parameters(services__postgres__databases=several, services__pgbouncer={"pool": 5})
    assert found["shared_preload_libraries"] == "pg_stat_statements,pg_cron,pgaudit"
    assert found["cron.database_name"] == "jobs"


def test_the_log_is_archived_only_where_there_is_a_repository() -> None:
    assert parameters()["archive_command"] == "/bin/true"
    with_backup = parameters(services__backup={})
    assert "--stanza=main archive-push" in with_backup["archive_command"]
    assert with_backup["archive_mode"] == parameters()["archive_mode"] == "on"


def test_archiving_can_be_declined() -> None:
    assert parameters(services__backup={}, services__postgres__archive=False)["archive_command"] == "/bin/true"


def test_a_restore_takes_all_cores_of_a_member() -> None:
    told = text(
        plan(topology(DATABASE, services__backup={}, services__postgres__cpus=6)), "postgres-1", "pgbackrest.conf"
    )
    assert "process-max=6\n" in told.split("[global:restore]\n")[1].split("[main]")[0]


def test_a_dedicated_host_gives_most_of_its_memory_and_a_shared_one_a_part() -> None:
    services: dict[str, Any] = {"etcd": {}, "postgres": {"databases": {"shop": {}}}}
    shared = raw(THREE_HOSTS, services=services)
    dedicated = raw(shared, **{f"hosts__data-{n}__tiers": ["control", "data"] for n in (1, 2, 3)})
    assert member(topology(shared)).limits.memory == 4915  # 0.3 of 16 GiB
    assert member(topology(dedicated)).limits.memory == 9830  # 0.6


def test_a_member_is_control_to_etcd_and_stack_to_clients() -> None:
    assert set(certificates("postgres-1")) == {"control", "stack"}
    assert all(certificate.key for certificate in certificates("postgres-1").values())


def test_the_exporter_holds_no_certificate_that_gives_orders() -> None:
    assert CONTROL.name not in certificates("postgres-exporter-1")


def test_the_task_only_verifies_the_stack() -> None:
    held = certificates("postgres-provision-1")
    assert (held["control"].key, held["stack"].key) == (True, False)


def test_each_exporter_asks_its_own_member() -> None:
    assert text(plan(topology(DATABASE)), "postgres-exporter-2", "target").startswith("postgres-2:5432/postgres?")


def test_a_member_that_could_run_out_of_memory_says_so_in_the_plan() -> None:
    told = member(topology(DATABASE, services__postgres__memory=512)).note
    assert "85 connections at work at once may need 592 MiB of 512: give more memory" in told


@pytest.mark.parametrize("stack", SHIPPED)
def test_no_shipped_stack_could_run_out_of_memory(stack: str) -> None:
    assert "give more memory" not in member(load_stack(ROOT, stack)).note
