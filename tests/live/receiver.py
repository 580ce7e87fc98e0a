"""A receiver of alerts, as people's pagers are: an HTTP server that keeps what Alertmanager posts (its webhook)."""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Alert:
    """One alert in one message: `status` is firing or resolved, `at` is monotonic time."""

    at: float
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass
class Receiver:
    """Listens at `address`, a port that is free; whoever does not know the path is refused."""

    address: str
    told: list[Alert] = field(default_factory=list)
    _path: str = field(default_factory=lambda: f"/{secrets.token_urlsafe()}")

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer((self.address, 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What a stack is told; the path makes it a secret."""
        return f"http://{self.address}:{self._server.server_port}{self._path}"

    def messages(self, status: str, name: str) -> list[Alert]:
        """Every time that it was told of an alert of this name."""
        return [alert for alert in self.told if alert.status == status and alert.labels["alertname"] == name]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                known = self.path == receiver._path
                if known:
                    receiver.told += _alerts(json.loads(body))
                self.send_response(200 if known else 404)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                """What it was told is looked at, not printed."""

        return Handler


def _alerts(message: dict[str, Any]) -> list[Alert]:
    now = time.monotonic()
    return [Alert(now, alert["status"], alert["labels"], alert["annotations"]) for alert in message["alerts"]]
