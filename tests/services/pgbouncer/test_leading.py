"""What leads a PgBouncer past a host that is empty (images/pgbouncer/guard)."""

import importlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from basalt.operations.environment import ROOT
from basalt.targets.certificates import make_authority, make_leaf


@pytest.fixture
def leading(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "images" / "pgbouncer" / "guard")
    return importlib.import_module("leading")


def test_databases_are_at_one_server_and_all_else_is_as_declared(leading: Any) -> None:
    declared = (ROOT / "tests" / "golden" / "prod-iad" / "pgbouncer" / "pgbouncer.ini").read_text()
    led = leading.instead(declared, "haproxy", "192.0.2.13")
    assert "shop = host=192.0.2.13 port=5000 dbname=shop\n" in led
    assert "shop_ro = host=192.0.2.13 port=5001 dbname=shop\n" in led
    assert led.replace("host=192.0.2.13 ", "host=haproxy ") == declared
    with pytest.raises(ValueError, match="no database is declared at elsewhere"):
        leading.instead(declared, "elsewhere", "haproxy-2")


@pytest.mark.parametrize(("later", "listens", "taken_back"), [(-5, True, True), (300, True, False), (-5, False, False)])
def test_what_nobody_takes_back_is_taken_back_when_the_host_serves_again(
    leading: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, later: int, listens: bool, taken_back: bool
) -> None:
    main, declared = tmp_path / "main.ini", tmp_path / "declared.ini"
    taken: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        declared.write_text(f"shop = host=haproxy port={port if listens else 1} dbname=shop\n")
        main.write_text(f"; past 127.0.0.1 {time.monotonic():.0f}\n%include x\n")
        monkeypatch.setattr(leading, "_LATER", later)
        monkeypatch.setattr(leading, "_MAIN", main)
        monkeypatch.setattr(leading, "_DECLARED", declared)
        monkeypatch.setattr(leading, "back", taken.append)
        leading.mend()
    assert taken == (["127.0.0.1"] if taken_back else [])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Somebody who takes TLS as PostgreSQL does, with a certificate for 127.0.0.1 and `haproxy`: the port, and the file
    of his authority."""
    authority = make_authority("test")
    leaf = make_leaf(["haproxy", "127.0.0.1"], 1, authority["certificate"], authority["key"])
    for name, text in (
        ("ca.crt", authority["certificate"]),
        ("tls.crt", leaf["certificate"]),
        ("tls.key", leaf["key"]),
    ):
        (tmp_path / name).write_text(text)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")

    def serve(server: socket.socket) -> None:
        with suppress(OSError):  # its end, and clients that do not trust it
            while True:
                plain, _ = server.accept()
                with plain, suppress(OSError):
                    plain.recv(8)
                    plain.sendall(b"S")
                    context.wrap_socket(plain, server_side=True).close()

    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104  all of loopback
        thread = threading.Thread(target=serve, args=[server])
        thread.start()
        yield server.getsockname()[1], tmp_path / "ca.crt"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_nobody_is_led_to_who_does_not_prove_to_be_there(
    leading: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: tuple[int, Path]
) -> None:
    port, authority = database
    declared, main = tmp_path / "declared.ini", tmp_path / "main.ini"
    declared.write_text(f"shop = host=haproxy port={port} dbname=shop\nserver_tls_ca_file = {authority}\n")
    monkeypatch.setattr(leading, "_DECLARED", declared)
    monkeypatch.setattr(leading, "_MAIN", main)
    leading.reach("127.0.0.1")
    with pytest.raises(OSError, match="IP address mismatch"):
        leading.past("127.0.0.9", "haproxy", "127.0.0.2", 1)
    assert not main.exists()


def test_who_keeps_a_transaction_open_is_named(leading: Any) -> None:
    since = "2026-11-27 10:00:00 UTC"
    server = {"user": "app", "database": "shop", "state": "active", "request_time": since, "link": "0x1"}
    client = {"ptr": "0x1", "application_name": "report", "addr": "198.18.0.9"}
    told = f"app in shop, active since {since}, for "
    assert leading.transaction(server, {"0x1": client}) == f"{told}report"
    assert leading.transaction(server, {"0x1": {**client, "application_name": ""}}) == f"{told}198.18.0.9"
    assert leading.transaction(server, {"0x1": {"ptr": "0x1", "addr": "198.18.0.9"}}) == f"{told}198.18.0.9"
    assert leading.transaction(server, {}) == f"{told}nobody"
