"""PgBouncer: pools that the primary can bear."""

import subprocess

import pytest

from basalt.plan import plan
from basalt.topology.problem import StackError
from tests.stacks import DATABASE, ONE_HOST, raw, topology


def text(instance: str, path: str) -> str:
    made = plan(topology(DATABASE))
    return next(f.text for p in made.planned if p.instance.name == instance for f in p.files if f.path == path)


def config() -> str:
    return text("pgbouncer-1", "pgbouncer.ini")


def test_pools_that_exceed_the_primary_are_refused_with_the_sum() -> None:
    with pytest.raises(StackError, match=r"2 members x 2 pools \(write, read\) x 100 = 400 > 200 max_connections"):
        topology(DATABASE, services__pgbouncer={"pool": 100})


def test_the_remedy_is_the_largest_pool_that_fits() -> None:
    with pytest.raises(StackError, match="at most 45"):
        topology(DATABASE, services__pgbouncer={"pool": 46})
    topology(DATABASE, services__pgbouncer={"pool": 45})


def test_a_pooler_without_a_database_is_refused() -> None:
    with pytest.raises(StackError, match=r"declare services\.postgres"):
        topology(raw(ONE_HOST, services__pgbouncer={}))


def test_both_sides_are_tls_and_the_server_is_verified() -> None:
    assert "client_tls_sslmode = require" in config()
    assert "server_tls_sslmode = verify-full" in config()


def test_each_database_has_a_pool_for_writes_and_one_for_reads() -> None:
    assert "shop = host=haproxy port=5000 dbname=shop" in config()
    assert "shop_ro = host=haproxy port=5001 dbname=shop" in config()


def test_a_failed_login_is_tried_again_at_once() -> None:
    assert "server_login_retry = 0.25\n" in config()


def test_all_users_of_a_database_share_the_pool_that_was_added_up() -> None:
    assert "default_pool_size = 20" in config()
    assert "max_db_connections = 20" in config()


def test_migrations_are_not_pooled() -> None:
    users = [line.split()[0] for line in text("pgbouncer-1", "userlist.txt").splitlines()]
    assert users == ['"stats"', '"shop_app"', '"shop_readonly"']


def test_each_exporter_asks_its_own_pooler_and_shows_no_password() -> None:
    assert text("pgbouncer-exporter-2", "target").startswith("postgres://stats@pgbouncer-2:6432/pgbouncer?")
    made = plan(topology(DATABASE))
    workload = next(p.instance.workload for p in made.planned if p.instance.name == "pgbouncer-exporter-1")
    assert "secret:" not in " ".join([*workload.command, *workload.environment.values()])


def test_the_console_that_takes_orders_is_reached_inside_the_container_only() -> None:
    assert "unix_socket_dir = /tmp\nunix_socket_mode = 0700" in config()
    assert "admin_users" not in config()


def test_it_may_open_as_many_files_as_the_engine_lets_it() -> None:
    made = plan(topology(DATABASE))
    command = next(p.instance.workload.command for p in made.planned if p.instance.name == "pgbouncer-1")
    limits = ("sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh")
    (at,) = [n for n, word in enumerate(command) if "exec pgbouncer" in word]
    shown = [
        word.replace("exec pgbouncer", "ulimit -S -n; ulimit -H -n #") if n == at else word
        for n, word in enumerate(command)
    ]
    soft, hard = subprocess.run([*limits, *shown], text=True, capture_output=True, check=True).stdout.split()
    assert soft == hard
    assert soft != "256"
