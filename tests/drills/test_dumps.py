"""A logical dump of a database is what it was, and becomes a database again; by a role that reads and does no more."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, cast

import pytest

from basalt.operations.keepsakes import dump as dumps
from basalt.operations.keepsakes.dump import Primary
from basalt.operations.restore.run import RestoreError
from basalt.operations.switchover.decide import RefusedError
from basalt.plan import Plan, plan
from basalt.services.postgres import roles
from basalt.services.postgres.settings import Settings as Postgres
from tests.drills.street import Street, street
from tests.stacks import DATABASE, raw, topology

pytestmark = pytest.mark.live

_STACK = raw(DATABASE, services__postgres__members=1, services__backup={"keepsakes": {"dumps": ["shop"]}})
_DATA, _BIN = "/var/lib/postgresql/pgdata", "/usr/lib/postgresql/17/bin"
#: A member without those that elect it: its data, its TLS, and who is let in are the stack's.
_BEGIN = f"""set -e
{_BIN}/initdb --pgdata={_DATA} --username=postgres --locale=C.UTF-8 --auth=trust --no-sync > /dev/null
cat >> {_DATA}/postgresql.conf << END
listen_addresses = '*'
unix_socket_directories = '/run/postgresql'
ssl = on
fsync = off
ssl_cert_file = '/etc/basalt/tls/stack/tls.crt'
ssl_key_file = '/etc/basalt/tls/stack/tls.key'
END
{{ echo 'local all all trust'; cat /var/lib/postgresql/admissions; }} > {_DATA}/pg_hba.conf
{_BIN}/pg_ctl --pgdata={_DATA} --log=/tmp/log --wait start > /dev/null
"""
#: What of the provisioning task is done by SQL.
_PROVISION = """
import json, sys
sys.path.insert(0, "/usr/local/lib/provision")
from server import BY_SOCKET, Server
told = json.load(open("/var/lib/postgresql/wanted/provision.json"))
server = Server({**BY_SOCKET}, print, print)
server.roles(told["roles"])
for database in told["databases"]:
    server.database(database)
"""
_ROWS = """
CREATE TABLE orders (id int PRIMARY KEY, what text); ALTER TABLE orders OWNER TO shop_owner;
INSERT INTO orders SELECT g, md5(g::text) FROM generate_series(1, 5000) g;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON orders USING (false);
"""
_SUM = "SELECT count(*), md5(string_agg(what, ',' ORDER BY id)) FROM orders"


@pytest.fixture(scope="module")
def place() -> Iterator[Street]:
    """A primary with the stack's roles and its database, and the container that keeps."""
    made = plan(topology(_STACK))
    names = ("postgres-1", "backup-scheduler-1")
    with street(made, names, {name: ["sleep", "infinity"] for name in names}) as found:
        settings = made.topology.service(Postgres)
        assert settings is not None
        lines = "\n".join(roles.admissions(settings.databases, ("shop",))).replace(" map=provision", "")
        _write(found, "/var/lib/postgresql/admissions", lines)
        found.run("postgres-1", "bash", "-c", _BEGIN)
        _provide(found, made)
        sql(found, _ROWS)
        yield found


def _write(place: Street, path: str, text: str) -> None:
    script = f"mkdir -p $(dirname {path}) && cat > {path} << 'END OF FILE'\n{text}\nEND OF FILE"
    place.run("postgres-1", "sh", "-c", script)


def _provide(place: Street, made: Plan) -> None:
    (task,) = (one for one in made.planned if one.instance.workload.name == "postgres-provision")
    document = json.loads(next(file.text for file in task.files if file.path == "provision.json"))
    for role in document["roles"]:
        if "password_file" in role:
            role["password_file"] = f"/var/lib/postgresql/wanted/{role['name']}"
            _write(place, role["password_file"], place.secrets["postgres/dump"] if role["name"] == "dump" else "x")
    # A password's file ends with the password.
    place.run("postgres-1", "sh", "-c", "truncate --size=-1 /var/lib/postgresql/wanted/*")
    _write(place, "/var/lib/postgresql/wanted/provision.json", json.dumps(document))
    place.run("postgres-1", "python3", "-c", _PROVISION)


def sql(place: Street, statement: str, database: str = "shop") -> str:
    words = ("psql", "-h", "/run/postgresql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement)
    return place.run("postgres-1", *words)


def primary(place: Street) -> Primary:
    return Primary("postgres-1", ("docker", "exec", "-i", str(place.containers["postgres-1"].name)))


@contextmanager
def taken(place: Street, part: float = 1.0) -> Iterator[BinaryIO]:
    """What is kept, as far as that part of it."""
    place.run("backup-scheduler-1", "backup-keep", "--take=dump-shop")
    command = ["backup-keep", "--get=dump-shop"]
    whole = bytes(place.containers["backup-scheduler-1"].exec_run(command).output)  # type: ignore[arg-type]
    with TemporaryFile() as file:
        file.write(whole[: int(len(whole) * part)])
        yield cast("BinaryIO", file)


def test_a_dump_becomes_a_database_beside_the_other_with_every_row(place: Street) -> None:
    before = sql(place, _SUM)
    with taken(place) as dump:
        sql(place, "DELETE FROM orders WHERE id > 10")
        report = dumps.fill(primary(place), dump, "then", "shop", "shop_then", print)
        with pytest.raises(RefusedError, match="there is a database shop_then"):
            dumps.fill(primary(place), dump, "then", "shop", "shop_then", print)
    assert (report.database, report.left) == ("shop_then", ())
    assert sql(place, _SUM, "shop_then") == before
    assert sql(place, "SELECT count(*) FROM orders").strip() == "10"
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'"
    assert sql(place, owner, "shop_then").strip() == "shop_owner"


def test_half_a_dump_leaves_nothing(place: Street) -> None:
    with taken(place, 0.66) as dump, pytest.raises(RestoreError):
        dumps.fill(primary(place), dump, "then", "shop", "shop_half", print)
    assert sql(place, "SELECT count(*) FROM pg_database WHERE datname = 'shop_half'").strip() == "0"
    assert not place.run("postgres-1", "sh", "-c", "ls /tmp/*.list 2> /dev/null || true")


def test_who_dumps_reads_that_database_alone_and_changes_nothing(place: Street) -> None:
    tls = "sslmode=verify-full sslrootcert=/etc/basalt/tls/stack/ca.crt"
    link = f"host=postgres-1 user=dump passfile=/etc/basalt/pgpass {tls}"

    def tried(database: str, statement: str) -> tuple[int, str]:
        code, printed, told = place.try_("backup-scheduler-1", "psql", "-XAtqc", statement, f"{link} dbname={database}")
        return code, printed + told

    assert tried("shop", "SELECT count(*) > 0 FROM orders") == (0, "t\n")
    assert "permission denied" in tried("shop", "DELETE FROM orders")[1]
    assert "permission denied" in tried("shop", "CREATE TABLE mine (id int)")[1]
    assert "pg_hba.conf rejects" in tried("postgres", "SELECT 1")[1]


def test_a_database_that_cannot_be_read_is_said(place: Street) -> None:
    sql(place, "REVOKE CONNECT ON DATABASE shop FROM dump")
    try:
        code, _, told = place.try_("backup-scheduler-1", "backup-keep", "--take=dump-shop")
        assert code == 1
        assert "dump-shop is not kept: pg_dump ended with 1" in told
        assert "permission denied for database" in told
    finally:
        sql(place, "GRANT CONNECT ON DATABASE shop TO dump")
