"""The edge as a client sees it: HTTPS, verified by the stack's own authority."""

import json
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from basalt.urls import urls
from tests.live.project import Project
from tests.waiting import until

_TOKEN_SECONDS = 600  # two thirds of the application's `tokens.minutes`


@dataclass(frozen=True)
class Edge:
    """`base`: the HTTPS address; `password`: that of the demo users."""

    base: str
    authority: Path
    password: str
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project, authority: Path) -> "Edge":
        """The first published HTTPS port of the workload that carries the routes."""
        site = project.plan.site
        name = next(i.name for i in site.instances if i.workload.collects_routes)
        base = next(url for what, url in urls(site).items() if what.startswith(f"{name}.") and url.startswith("https"))
        return cls(base, authority, project.secret("app/demo"))

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts the stack's authority and nothing else."""
        return ssl.create_default_context(cafile=str(self.authority))

    def client(self, user: str = "", **headers: str) -> httpx.Client:
        """A client, logged in as a demo user where one is named."""
        if user:
            headers["Authorization"] = f"Bearer {self.token(user)}"
        return httpx.Client(base_url=self.base, verify=self.tls, headers=headers, timeout=10)

    def token(self, user: str) -> str:
        """A token, kept for as long as it surely lasts: logins are limited."""
        token, ends = self.tokens.get(user, ("", 0.0))
        if time.monotonic() > ends:
            answer = self.login(user, self.password)
            answer.raise_for_status()
            token = answer.json()["token"]
            self.tokens[user] = (token, time.monotonic() + _TOKEN_SECONDS)
        return token

    def renew(self, user: str) -> None:
        """A token that was got just now."""
        self.tokens.pop(user, None)
        until(lambda: self.token(user), f"a login of {user}", 120, every=2)

    def login(self, user: str, password: str) -> httpx.Response:
        """One attempt."""
        with httpx.Client(base_url=self.base, verify=self.tls, timeout=10) as client:
            return client.post("/login", json={"user": user, "password": password})

    def events(self, user: str) -> ClientConnection:
        """A WebSocket with the stream of events."""
        address = self.base.replace("https://", "wss://") + "/events"
        return connect(address, ssl=self.tls, additional_headers={"Authorization": f"Bearer {self.token(user)}"})


def await_events(socket: ClientConnection, order: int, kinds: set[str], seconds: float = 15) -> None:
    """Returns when all kinds of event of an order have come, in whatever sequence: the API and the worker tell of the
    same order independently. TimeoutError with those that did not come."""
    missing = set(kinds)
    ends = time.monotonic() + seconds
    while missing:
        try:
            event: dict[str, Any] = json.loads(socket.recv(timeout=max(0, ends - time.monotonic())))
        except TimeoutError as error:
            raise TimeoutError(f"order {order}: no {', '.join(sorted(missing))} within {seconds} s") from error
        if event.get("order") == order:
            missing.discard(event["type"])
