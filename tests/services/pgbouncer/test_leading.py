"""What leads a PgBouncer past a host that is empty (images/pgbouncer/guard)."""

import importlib
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from basalt.operations.environment import ROOT


@pytest.fixture
def leading(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "images" / "pgbouncer" / "guard")
    return importlib.import_module("leading")


def test_databases_are_at_one_server_and_all_else_is_as_declared(leading: Any) -> None:
    declared = (ROOT / "tests" / "golden" / "prod-iad" / "pgbouncer" / "pgbouncer.ini").read_text()
    led = leading.instead(declared, "haproxy", "haproxy-2")
    assert "shop = host=haproxy-2 port=5000 dbname=shop\n" in led
    assert "shop_ro = host=haproxy-2 port=5001 dbname=shop\n" in led
    assert led.replace("host=haproxy-2 ", "host=haproxy ") == declared
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


def test_who_keeps_a_transaction_open_is_named(leading: Any) -> None:
    since = "2026-11-27 10:00:00 UTC"
    server = {"user": "app", "database": "shop", "state": "active", "request_time": since, "link": "0x1"}
    client = {"ptr": "0x1", "application_name": "report", "addr": "198.18.0.9"}
    told = f"app in shop, active since {since}, for "
    assert leading.transaction(server, {"0x1": client}) == f"{told}report"
    assert leading.transaction(server, {"0x1": {**client, "application_name": ""}}) == f"{told}198.18.0.9"
    assert leading.transaction(server, {"0x1": {"ptr": "0x1", "addr": "198.18.0.9"}}) == f"{told}198.18.0.9"
    assert leading.transaction(server, {}) == f"{told}nobody"
