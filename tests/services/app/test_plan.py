"""What the application runs and reads."""

import json
from typing import Any

import pytest

from basalt.plan import plan, survey
from basalt.topology.load import load
from basalt.workload import Workload
from tests.services.app.stack import SHOP, planned, text
from tests.stacks import raw, topology


def workload(name: str, **changes: Any) -> Workload:
    return survey(topology(SHOP, **changes)).of(name)[0].workload


def config(name: str, **changes: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(text(planned(name, **changes), "app.json"))
    return read


def secrets(name: str, **changes: Any) -> set[str]:
    return {ref.name for file in planned(name, **changes).files for ref in file.secrets}


def test_every_part_waits_for_the_migration_and_that_for_the_database() -> None:
    assert workload("api").after == workload("worker").after == ("migrate",)
    assert workload("migrate").task
    assert workload("migrate").after == ("postgres-provision",)


def test_a_standby_migrates_nothing() -> None:
    changes = {"role": "standby", "peers": {"fra": {"authority": "witness"}}}
    site = survey(topology(SHOP, **changes))
    assert not site.of("migrate")
    assert site.of("api")[0].workload.after == ()


@pytest.mark.parametrize("name", ["api-1", "payment-1", "worker-1", "migrate-1"])
def test_the_application_takes_what_is_rendered_for_it(name: str, shop_settings: Any) -> None:
    assert shop_settings.model_validate(config(name)).instance == name


def test_statements_go_through_the_pooler_migrations_do_not() -> None:
    read = config("migrate-1")
    assert read["database"]["hosts"] == ["pgbouncer-1:6432", "pgbouncer-2:6432"]
    assert read["migrate"]["hosts"] == ["haproxy-1:5000", "haproxy-2:5000"]
    assert (read["migrate"]["user"], read["migrate"]["owner"]) == ("shop_migrate", "shop_owner")


def test_reads_have_a_role_that_cannot_write() -> None:
    replica = config("api-1")["replica"]
    assert (replica["name"], replica["user"]) == ("shop_ro", "shop_readonly")


def test_nobody_holds_a_secret_of_another() -> None:
    assert secrets("api-1") == {"app/token-key", "postgres/shop/app", "postgres/shop/readonly", "redis/app"}
    assert secrets("migrate-1") == {"app/demo", "postgres/shop/migrate"}


def test_demo_users_exist_only_where_nobody_is_served() -> None:
    assert config("migrate-1", environment="test")["demo"] is not None
    assert config("migrate-1", services__app={"demo": False})["demo"] is None


def test_only_the_edge_is_believed_about_addresses() -> None:
    (edge,) = survey(topology(SHOP)).of("nginx")
    assert config("api-1")["listen"]["proxies"] == [edge.address]


def test_queues_are_those_of_the_worker_and_known_to_who_sends() -> None:
    parts = {"api": {"routes": ["/"]}, "worker": {"queues": {"images": 3}}, "other": {"queues": {"dispatch": 2}}}
    assert config("worker-1", services__app={"parts": parts})["queues"] == {"images": 3}
    assert config("api-1", services__app={"parts": parts})["queues"] == {"images": 3, "dispatch": 2}


def test_a_stream_belongs_to_the_part_with_the_longest_route() -> None:
    parts = {"api": {"routes": ["/"]}, "chat": {"routes": ["/chat"]}}
    changes = {"services__app": {"parts": parts, "streams": ["/chat/room"]}}
    assert [route.path for route in workload("chat", **changes).routes if route.streams] == ["/chat/room"]
    assert not any(route.streams for route in workload("api", **changes).routes)


def test_another_application_is_not_sent_signals_it_may_die_of() -> None:
    changes = {"services__app": {"parts": {"api": {"routes": ["/"], "command": ["serve"]}}}}
    assert workload("api", **changes).reload is None
    assert workload("api", **changes).probe is None
    assert workload("api").reload is not None


def test_the_operators_secrets_are_mounted_by_name() -> None:
    made = plan(load("lab", raw(SHOP, services__app={"secrets": ["mail"]}), given=("mail",)))
    (api,) = [p for p in made.planned if p.instance.name == "api-1"]
    assert text(api, "secrets/given/mail") == "@@secret:given/mail@@"
