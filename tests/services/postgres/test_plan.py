"""PostgreSQL under Patroni: what the members and the provisioning task are told."""

import json
from typing import Any

import pytest
import yaml

from basalt.plan import Plan, plan
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, THREE_HOSTS, raw, topology


def text(made: Plan, instance: str, path: str) -> str:
    return next(f.text for p in made.planned if p.instance.name == instance for f in p.files if f.path == path)


def patroni(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(plan(topology(DATABASE, **changes)), "postgres-1", "patroni.yml"))
    return found


def test_no_connection_without_tls_is_let_in() -> None:
    rules = patroni()["postgresql"]["pg_hba"]
    assert "hostnossl all all all reject" in rules
    assert not [rule for rule in rules if rule.startswith("host ")]
    assert all(rule.split()[-1] in ("reject", "scram-sha-256", "peer") for rule in rules)


def test_orders_to_patroni_need_a_client_certificate() -> None:
    assert patroni()["restapi"]["verify_client"] == "optional"


def test_no_loss_means_synchronous_replication() -> None:
    assert patroni()["bootstrap"]["dcs"]["synchronous_mode"] is True


def test_bounded_loss_and_a_single_member_do_not_wait() -> None:
    assert patroni(promise={"loss": "bounded"})["bootstrap"]["dcs"]["synchronous_mode"] is False
    assert patroni(services__postgres__members=1)["bootstrap"]["dcs"]["synchronous_mode"] is False


def test_members_verify_each_other() -> None:
    for user in patroni()["postgresql"]["authentication"].values():
        assert user["sslmode"] == "verify-full"


def test_a_cluster_starts_with_what_the_task_keeps_up() -> None:
    made = plan(topology(DATABASE))
    document = json.loads(text(made, "postgres-provision-1", "provision.json"))
    assert document["configuration"] == patroni()["bootstrap"]["dcs"]


def test_each_role_has_a_password_of_its_own() -> None:
    made = plan(topology(DATABASE))
    files = next(p.files for p in made.planned if p.instance.name == "postgres-provision-1")
    secrets = [ref.name for file in files for ref in file.secrets]
    assert len(secrets) == len(set(secrets))
    assert {"postgres/shop/app", "postgres/shop/migrate", "postgres/shop/readonly", "postgres/monitor"} < set(secrets)


def test_a_declared_parameter_wins_over_the_tuned_one() -> None:
    found = patroni(services__postgres__parameters={"work_mem": "7MB"})
    assert found["bootstrap"]["dcs"]["postgresql"]["parameters"]["work_mem"] == "7MB"


def test_a_derived_parameter_cannot_be_set() -> None:
    with pytest.raises(StackError, match=r"services\.postgres\.parameters\.port: 5433: derived"):
        topology(DATABASE, services__postgres__parameters={"port": 5433})


def test_production_without_a_second_member_cannot_promise_no_loss() -> None:
    alone = raw(THREE_HOSTS, services__postgres={"members": 1, "databases": {"shop": {}}})
    with pytest.raises(StackError, match="loss: none needs a second member"):
        topology(alone)


def test_the_log_is_archived_only_where_there_is_a_repository() -> None:
    parameters = patroni()["bootstrap"]["dcs"]["postgresql"]["parameters"]
    assert parameters["archive_command"] == "/bin/true"
