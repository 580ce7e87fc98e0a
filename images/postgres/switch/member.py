"""The member in whose container this runs: its PostgreSQL by the local socket, Patroni's REST interface, etcd. As the
member itself it holds the certificates that give orders."""

import base64
import json
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import yaml

_CONTROL = Path("/etc/basalt/tls/control")
_DATA = Path("/var/lib/postgresql/pgdata")
_CONTROLDATA = ("/usr/lib/postgresql/17/bin/pg_controldata", str(_DATA))
_JSON = {"Content-Type": "application/json"}
_ANSWER = 5.0  # seconds
_RESTART = 300.0  # seconds
_SWITCH = 60.0  # seconds; Patroni answers when it sees the new leader

#: Transactions of clients, the oldest first. No text: a statement may hold what is secret.
_TRANSACTIONS = """SELECT pid, usename, datname, application_name, state,
        extract(epoch FROM clock_timestamp() - xact_start)::float AS seconds
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
    ORDER BY xact_start"""

#: The name of a segment begins with its timeline; who is in recovery writes none.
_LEADS = """SELECT CASE WHEN pg_is_in_recovery() THEN NULL
    ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"""


class Member:
    """Errors are OSError and psycopg.Error."""

    def __init__(self) -> None:
        self._settings: dict[str, Any] = yaml.safe_load(Path("/etc/basalt/patroni.yml").read_text())
        self._tls = ssl.create_default_context(cafile=str(_CONTROL / "ca.crt"))
        self._tls.load_cert_chain(_CONTROL / "tls.crt", _CONTROL / "tls.key")
        self._sql = psycopg.connect(
            host="/run/postgresql", dbname="postgres", autocommit=True, application_name="switchover"
        )

    @property
    def name(self) -> str:
        """Its own."""
        return str(self._settings["name"])

    def close(self) -> None:
        """Leaves PostgreSQL: it need not wait for us when it stops."""
        self._sql.close()

    def transactions(self) -> list[dict[str, Any]]:
        """Those that are open."""
        cursor = self._sql.execute(_TRANSACTIONS)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def cluster(self) -> dict[str, Any]:
        """As Patroni tells it."""
        found: dict[str, Any] = self._post("https://localhost:8008/cluster", None, _ANSWER)
        return found

    def waiting(self) -> dict[str, dict[str, str]]:
        """Parameters that a restart changes, each with its `old_value` and `new_value`. The cluster is told of them at
        Patroni's next look only."""
        own: dict[str, Any] = self._post("https://localhost:8008/patroni", None, _ANSWER)
        return own.get("pending_restart_reason") or {}

    def checkpoint(self) -> None:
        """A restart point on a replica."""
        self._sql.execute("CHECKPOINT")

    def switch(self, candidate: str) -> str:
        """Has Patroni switch over; "" when it did, else its words. Returns after it is done."""
        order = {"leader": self.name, "candidate": candidate}
        try:
            self._post("https://localhost:8008/switchover", order, _SWITCH)
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode(errors='replace').strip()}"
        except OSError as error:
            return str(error)
        return ""

    def restart(self) -> None:
        """Restarts this member's PostgreSQL by Patroni; returns when it runs again."""
        self._post("https://localhost:8008/restart", {}, _RESTART)

    def stopped_at(self) -> int | None:
        """Where the log of a PostgreSQL that was shut down cleanly ends: its last checkpoint; None before. The archiver
        is waited for: what it has not archived by then, a replica that is promoted will not."""
        if (_DATA / "postmaster.pid").exists():
            return None
        told = subprocess.run(_CONTROLDATA, capture_output=True, text=True, check=True, env={"LC_ALL": "C"}).stdout
        found = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in told.splitlines())}
        if found["Database cluster state"] != "shut down":
            return None
        high, _, low = found["Latest checkpoint location"].partition("/")
        return (int(high, 16) << 32) + int(low, 16)

    def received(self) -> int:
        """How far this replica has the log."""
        row = self._sql.execute("SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')").fetchone()
        return int(row[0] or 0) if row else 0

    def leads(self) -> int | None:
        """The timeline when it takes writes, else None."""
        row = self._sql.execute(_LEADS).fetchone()
        return int(row[0], 16) if row and row[0] else None

    def release(self, leader: str) -> bool:
        """Takes the lock from a leader that was shut down, if it still is that leader's: Patroni's own way to let it go
        (4.0, dcs/etcd3.py, `_delete_leader`), done at once and not at its next look."""
        key = _coded(f"{self._settings['namespace'].rstrip('/')}/{self._settings['scope']}/leader")
        compare = {"key": key, "target": "VALUE", "result": "EQUAL", "value": _coded(leader)}
        order = {"compare": [compare], "success": [{"request_delete_range": {"key": key}}]}
        hosts = self._settings["etcd3"]["hosts"]
        for host in hosts[:-1]:
            try:
                return self._released(host, order)
            except OSError:
                continue
        return self._released(hosts[-1], order)

    def _released(self, host: str, order: dict[str, Any]) -> bool:
        return bool(self._post(f"https://{host}/v3/kv/txn", order, 1.0).get("succeeded"))

    def _post(self, url: str, order: object, seconds: float) -> Any:
        data = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(url, data=data, headers=_JSON)  # noqa: S310  https
        with urllib.request.urlopen(request, timeout=seconds, context=self._tls) as answer:  # noqa: S310
            text = answer.read()
            return json.loads(text) if text.startswith(b"{") else text.decode()


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
