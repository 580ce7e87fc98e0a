"""Every link asks for TLS and for proof of who is there."""

import json
import socket
import ssl
import subprocess
from pathlib import Path

import psycopg
import pytest

from basalt.targets.certificates import make_authority
from tests.live.database import connect
from tests.live.project import Project, execute

DATABASE_LINKS = ("pgbouncer.sql", "haproxy.write", "haproxy.read", "postgres.sql")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that the stack does not know."""
    path = tmp_path_factory.mktemp("stranger") / "ca.crt"
    path.write_text(make_authority("stranger")["certificate"])
    return path


@pytest.fixture(scope="module")
def authority(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the stack's own authority."""
    path = tmp_path_factory.mktemp("authority") / "ca.crt"
    path.write_text(project.authority)
    return path


@pytest.mark.parametrize("endpoint", DATABASE_LINKS)
def test_sql_with_tls_and_password_is_let_in(project: Project, endpoint: str) -> None:
    with connect(project, endpoint, "app") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("endpoint", DATABASE_LINKS)
def test_sql_without_tls_is_refused(project: Project, endpoint: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"SSL required|no encryption|rejects connection"):
        connect(project, endpoint, "app", sslmode="disable")


@pytest.mark.parametrize("endpoint", DATABASE_LINKS)
def test_sql_with_a_wrong_password_is_refused(project: Project, endpoint: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|SASL authentication failed"):
        connect(project, endpoint, "app", password="wrong")  # noqa: S106


@pytest.mark.parametrize("endpoint", DATABASE_LINKS)
def test_a_client_that_trusts_another_authority_refuses_the_server(
    project: Project, endpoint: str, stranger: Path
) -> None:
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connect(project, endpoint, "app", sslrootcert=str(stranger))


def test_a_server_under_another_name_is_refused(project: Project) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        connect(project, "postgres.sql", "app", host="elsewhere")


def address(project: Project, endpoint: str) -> tuple[str, int]:
    """Address and port of the first instance of an endpoint."""
    workload, port = endpoint.split(".")
    instance = project.plan.site.of(workload)[0]
    return instance.address, instance.workload.ports[port].number


def curl(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """One call, bounded."""
    command = ["curl", "--silent", "--show-error", "--max-time", "5", *arguments, url]
    return subprocess.run(command, text=True, capture_output=True, check=False)


@pytest.mark.parametrize("endpoint", ["redis.data", "redis-sentinel.sentinel"])
def test_redis_without_tls_is_refused(project: Project, endpoint: str) -> None:
    with socket.create_connection(address(project, endpoint), timeout=5) as plain:
        plain.sendall(b"PING\r\n")
        plain.settimeout(5)
        try:
            answer = plain.recv(100)
        except ConnectionResetError:
            answer = b""
    assert b"PONG" not in answer
    assert b"NOAUTH" not in answer


@pytest.mark.parametrize(
    ("endpoint", "read"), [("redis.data", b"GET x\r\n"), ("redis-sentinel.sentinel", b"SENTINEL MASTERS\r\n")]
)
def test_redis_without_a_password_is_refused(project: Project, endpoint: str, read: bytes, authority: Path) -> None:
    host, port = address(project, endpoint)
    name = project.plan.site.of(endpoint.split(".", maxsplit=1)[0])[0].name
    context = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection((host, port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname=name) as tls,
    ):
        for command in (read, b"AUTH wrong\r\n"):
            tls.sendall(command)
            assert tls.recv(200).startswith((b"-NOAUTH", b"-WRONGPASS"))


def test_etcd_without_tls_is_refused(project: Project) -> None:
    host, port = address(project, "etcd.client")
    assert curl(f"http://{host}:{port}/version").returncode != 0


def test_etcd_without_a_client_certificate_is_refused(project: Project) -> None:
    host, port = address(project, "etcd.client")
    done = curl(f"https://{host}:{port}/version", "--insecure")
    assert done.returncode != 0
    assert done.stdout == ""


def test_etcd_with_its_own_certificate_answers(project: Project, tmp_path: Path) -> None:
    host, port = address(project, "etcd.client")
    done = curl(f"https://{host}:{port}/version", "--insecure", *pair(project, "postgres-1", "control", tmp_path))
    assert "etcdserver" in done.stdout, done.stderr


def pair(project: Project, instance: str, authority: str, folder: Path) -> list[str]:
    """curl's arguments for the certificate that an instance holds of an authority."""
    for name in ("tls.crt", "tls.key"):
        (folder / name).write_text(
            execute(project.containers()[instance], "cat", f"/etc/basalt/tls/{authority}/{name}")
        )
    return ["--cert", str(folder / "tls.crt"), "--key", str(folder / "tls.key")]


def test_etcd_with_a_certificate_of_the_other_authority_is_refused(project: Project, tmp_path: Path) -> None:
    host, port = address(project, "etcd.client")
    done = curl(f"https://{host}:{port}/version", "--insecure", *pair(project, "api-1", "stack", tmp_path))
    assert done.returncode != 0
    assert done.stdout == ""


@pytest.mark.parametrize(("method", "path"), [("POST", "/restart"), ("PATCH", "/config"), ("POST", "/switchover")])
def test_patroni_takes_no_order_without_a_client_certificate(project: Project, method: str, path: str) -> None:
    host, port = address(project, "postgres.rest")
    done = curl(
        f"https://{host}:{port}{path}", "--insecure", "-X", method, "-d", "{}", "-o", "/dev/null", "-w", "%{http_code}"
    )
    assert done.returncode != 0 or done.stdout in ("401", "403"), done.stdout


def test_patroni_answers_health_checks(project: Project) -> None:
    host, port = address(project, "postgres.rest")
    assert curl(f"https://{host}:{port}/health", "--insecure", "--fail", "-o", "/dev/null").returncode == 0


def test_the_backup_repository_gives_nothing_to_a_certificate_of_the_other_authority(project: Project) -> None:
    member = project.containers()["postgres-1"]
    ask = ["pgbackrest", "--config=/etc/basalt/pgbackrest.conf", "--stanza=main"]
    control = [
        f"--repo1-host-{kind}-file=/etc/basalt/tls/control/tls.{end}" for kind, end in (("cert", "crt"), ("key", "key"))
    ]
    told = json.loads(execute(member, *ask, "info", "--output=json"))
    # The newest: those that no backup needs go every hour.
    fetch = ["archive-get", told[0]["archive"][-1]["max"], "/tmp/fetched", "--no-archive-async"]  # noqa: S108  its own
    execute(member, *ask, *fetch)
    code, output = member.exec_run([*ask, *control, *fetch])
    assert code != 0
    assert b"alert" in bytes(output)  # type: ignore[arg-type]


def test_old_versions_of_tls_are_refused_at_the_edge(project: Project) -> None:
    host, port = address(project, "nginx.https")
    done = curl(f"https://{host}:{port}/", "--insecure", "--tls-max", "1.1")
    assert done.returncode != 0
