"""etcd's v3 API over its JSON gateway (etcd.io/docs/v3.5/dev-guide/api_grpc_gateway): TLS with a client certificate.

Blocking, one connection that is kept; every call ends within `PATIENCE` seconds for each member that is asked.
`StoreError` when none answers as it should. A call may have been carried out although its answer was lost."""

import base64
import http.client
import json
import ssl
import threading
from typing import Any

from fencer.decisions import Lock, Seen

PATIENCE = 1.0
#: Seconds that a suspicion outlives its witness; it is told anew before.
LEASE = 2


class StoreError(Exception):
    """etcd could not be asked."""


class Store:
    """What a fencer asks of etcd. `scope`: Patroni's; `suspects`: where suspicions of this stack are."""

    def __init__(self, members: list[tuple[str, int]], scope: str, tls: ssl.SSLContext) -> None:
        self._members, self._tls = list(members), tls
        self._leader, self._config = f"/basalt/{scope}/leader", f"/basalt/{scope}/config"
        self._suspects = f"/basalt-fencer/{scope}/suspects/"
        self._connection: http.client.HTTPSConnection | None = None
        self._mutex = threading.Lock()

    def look(self, *, serializable: bool = False) -> Seen:
        """Lock, pause and suspicions of one revision. `serializable`: of the member that is asked, perhaps old."""
        ends = {"serializable": serializable}
        ranges = [
            {"key": _b64(self._leader), **ends},
            {"key": _b64(self._config), **ends},
            {"key": _b64(self._suspects), "range_end": _b64(_after(self._suspects)), **ends},
        ]
        answer = self._ask("/v3/kv/txn", {"success": [{"request_range": wanted} for wanted in ranges]})
        leader, config, suspects = (response["response_range"].get("kvs", []) for response in answer["responses"])
        lock = Lock(_text(leader[0]["value"]), int(leader[0]["mod_revision"])) if leader else None
        paused = bool(config and json.loads(_text(config[0]["value"])).get("pause"))
        return Seen(lock, paused, self._told(suspects))

    def _told(self, pairs: list[dict[str, str]]) -> dict[Lock, frozenset[str]]:
        found: dict[Lock, frozenset[str]] = {}
        for pair in pairs:
            holder, _, witness = _text(pair["key"]).removeprefix(self._suspects).partition("/")
            lock = Lock(holder, int(_text(pair["value"])))
            found[lock] = found.get(lock, frozenset()) | {witness}
        return found

    def delete(self, lock: Lock) -> bool:
        """Deletes the lock if it is this one; whether it was."""
        key = _b64(self._leader)
        compare = [
            {"key": key, "target": "VALUE", "result": "EQUAL", "value": _b64(lock.holder)},
            {"key": key, "target": "MOD", "result": "EQUAL", "mod_revision": str(lock.revision)},
        ]
        success = [{"request_delete_range": {"key": key}}]
        return bool(self._ask("/v3/kv/txn", {"compare": compare, "success": success}).get("succeeded"))

    def suspect(self, lock: Lock, witness: str) -> str:
        """Tells a suspicion, for `LEASE` seconds; the lease's name."""
        lease = str(self._ask("/v3/lease/grant", {"TTL": str(LEASE)})["ID"])
        key = _b64(f"{self._suspects}{lock.holder}/{witness}")
        self._ask("/v3/kv/put", {"key": key, "value": _b64(str(lock.revision)), "lease": lease})
        return lease

    def retract(self, lease: str) -> None:
        """Takes a suspicion back."""
        self._ask("/v3/lease/revoke", {"ID": lease})

    def _ask(self, path: str, what: dict[str, Any]) -> dict[str, Any]:
        """Of the member that answered last, or else of the next ones."""
        body = json.dumps(what)
        with self._mutex:
            fault: Exception | None = None
            for _ in range(len(self._members) + 1):
                try:
                    return self._post(path, body)
                except (OSError, http.client.HTTPException, ValueError) as error:
                    fault = error
                    self._forget()
            raise StoreError(f"{path}: {fault}")

    def _post(self, path: str, body: str) -> dict[str, Any]:
        if self._connection is None:
            host, port = self._members[0]
            self._connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=self._tls)
        self._connection.request("POST", path, body)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise http.client.HTTPException(f"{answer.status} {text[:200]!r}")
        found: dict[str, Any] = json.loads(text)
        return found

    def _forget(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None
        self._members.append(self._members.pop(0))


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def _after(prefix: str) -> str:
    """The first key behind all that begin with `prefix`."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
