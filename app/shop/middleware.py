"""Around each request: an id, a log line, a measurement, and the end of kept connections while draining."""

import logging
import re
import uuid
from collections.abc import Callable
from time import perf_counter

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop import metrics
from shop.logs import request_id

log = logging.getLogger("shop.access")

_SAFE_ID = re.compile(r"[\w.:-]{1,64}")
# Asked every few seconds by machines; their log lines would bury the others.
_PROBES = frozenset({"/healthz", "/readyz", "/statusz", "/metrics", "/pay/healthz", "/pay/statusz"})


def choose_id(offered: str | None) -> str:
    """The caller's id when it is fit for a log, else a new one."""
    if offered and _SAFE_ID.fullmatch(offered):
        return offered
    return uuid.uuid4().hex


class Observe:
    def __init__(self, app: ASGIApp, draining: Callable[[], bool]) -> None:
        self._app = app
        self._draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        identity = choose_id(Headers(scope=scope).get("x-request-id"))
        # Not taken back: the task ends with the request, and what it logs on its way out should have the id.
        request_id.set(identity)
        # 499 stays when the client left before an answer began.
        seen = {"status": 101 if scope["type"] == "websocket" else 499}
        started = perf_counter()
        metrics.IN_PROGRESS.inc()
        try:
            await self._app(scope, receive, self._wrap(send, identity, seen))
        except Exception:
            seen["status"] = 500
            raise
        finally:
            metrics.IN_PROGRESS.dec()
            _record(scope, seen["status"], perf_counter() - started)

    def _wrap(self, send: Send, identity: str, seen: dict[str, int]) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = identity
                if self._draining():
                    headers["Connection"] = "close"
            await send(message)

        return wrapped


def _record(scope: Scope, status: int, seconds: float) -> None:
    path = scope["path"]
    route = getattr(scope.get("route"), "path", "unmatched")
    method = scope.get("method", "WS")
    if scope["type"] == "http" and route != "/events/stream":
        metrics.REQUESTS.labels(route, method, str(status)).observe(seconds)
    level = logging.DEBUG if path in _PROBES and status < 400 else logging.INFO
    fields = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1)}
    log.log(level, "request", extra={"fields": fields})
