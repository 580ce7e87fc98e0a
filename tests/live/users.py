"""Users of the shop who go on whatever happens."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Self

import httpx

from tests.live.edge import Edge

_PAUSE = 0.5  # seconds


class Users:
    """They order and look at what became of it, twice a second."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._ended = threading.Event()
        #: Requests that had no answer, or a server's error: when and which, and what came of it.
        self.failures: list[str] = []
        #: Those that were answered well.
        self.served = 0
        #: Looks to be had without a pause.
        self._owed = 0

    def __enter__(self) -> Self:
        # Got just now, it lasts for a quarter of an hour.
        self._edge.renew("admin")
        self._pool = ThreadPoolExecutor(1)
        self._going = self._pool.submit(self._go)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._going.result()
        self._pool.shutdown()

    def come_back(self) -> None:
        """For each request that failed there are 25 that do not: fewer than one in twenty was bad then."""
        self._owed = 25 * len(self.failures)

    def _go(self) -> None:
        order = 1
        with self._edge.client("admin") as client:
            while not self._ended.wait(0 if self._owed else _PAUSE):
                try:
                    if not self._owed:
                        placed = self._ask(client, "POST", "/orders", json={"product": "lamp", "quantity": 1})
                        order = placed.get("id", order)
                    self._ask(client, "GET", f"/jobs/{order}")
                except httpx.TransportError as error:
                    self._missed(error.request, repr(error))

    def _ask(self, client: httpx.Client, method: str, path: str, **body: object) -> dict[str, int]:
        """The answer; empty when it is a server's error. httpx.HTTPStatusError when the request was wrong."""
        answer = client.request(method, path, **body)  # type: ignore[arg-type]
        if answer.is_server_error:
            self._missed(answer.request, f"{answer.status_code} {answer.text}")
            return {}
        self._owed = max(0, self._owed - 1)
        self.served += 1
        found: dict[str, int] = answer.raise_for_status().json()
        return found

    def _missed(self, request: httpx.Request, came: str) -> None:
        self.failures.append(f"{datetime.now(UTC):%T.%f} {request.method} {request.url.path}: {came}")
