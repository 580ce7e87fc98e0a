"""What a stack file may say of the edge."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, field_validator

from basalt.topology.listen import Listen
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem

_SECONDS = {"s": 1, "min": 60, "h": 3600}


class Rate(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        """As a stack file writes it."""
        return f"{self.requests}/{next(unit for unit, seconds in _SECONDS.items() if seconds == self.seconds)}"


def parse_rate(text: object) -> Rate:
    """`60/min` -> Rate(60, 60). Raises ValueError on any other shape."""
    found = re.fullmatch(r"([1-9]\d{0,6})/(s|min|h)", str(text))
    if not found:
        raise ValueError("write n/s, n/min or n/h, for instance 60/min")
    return Rate(int(found[1]), _SECONDS[found[2]])


PerTime = Annotated[Rate, BeforeValidator(parse_rate)]
Path = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_-]+)+$")]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:\d+)?$")]

#: Passwords are guessed one after the other; nobody types more of them in a minute.
_LOGIN = {"/login": Rate(5, 60)}


class Limits(Base):
    """Requests of one client, by tier: of a token's subject, or of an address without a token. All of them may come at
    once; they are granted again evenly."""

    anonymous: PerTime = Field(default=Rate(60, 60), description="an address without a token")
    client: PerTime = Field(default=Rate(600, 60), description="a token of this tier")
    driver: PerTime = Field(default=Rate(1200, 60), description="a token of this tier")
    partner: PerTime = Field(default=Rate(3000, 60), description="a token of this tier")
    admin: PerTime = Field(default=Rate(6000, 60), description="a token of this tier")


class Publications(Base):
    """Where the host listens. What is left out: loopback in dev and test, else every address on the usual port."""

    https: Listen | None = Field(default=None, description="usual port: 443, in dev and test 8443")
    http: Listen | None = Field(default=None, description="redirects; usual port: 80, in dev and test 8080")


class Settings(Base):
    """`services.nginx`"""

    members: int = Field(default=1, ge=1, le=16, description="each counts for itself")
    domain: str = Field(
        default="localhost", pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$", max_length=253, description="what people type"
    )
    publish: Publications = Publications()
    limits: Limits = Limits()
    endpoints: dict[Path, PerTime] = Field(default=_LOGIN, description="per address, beside the tier's limit")
    connections: int = Field(default=256, ge=1, le=65_536, description="at once, from one address")
    body_mb: int = Field(default=8, ge=1, le=1024, description="the largest request")
    timeout: int = Field(default=30, ge=1, le=600, description="seconds until an answer begins; streams are exempt")
    allowed_origins: tuple[Origin, ...] = Field(default=(), description="other sites whose pages may call (CORS)")
    hsts: int | None = Field(default=None, ge=0, le=3650, description="days; default 0 in dev and test, else 365")
    proxies: tuple[IPv4Network, ...] = Field(default=(), description="in front of it, believed in X-Forwarded-For")
    memory: int = Field(default=256, ge=96, description="MiB a member; request bodies come on top")
    cpus: float = Field(default=1.0, ge=0.25, le=64, description="cores a member, a worker process for each")

    @field_validator("endpoints")
    @classmethod
    def _login_stays_limited(cls, endpoints: dict[str, Rate]) -> dict[str, Rate]:
        return {**_LOGIN, **endpoints}


def problems(settings: Settings, topology: Topology, _given: frozenset[str]) -> Iterator[Problem]:
    """A stack that people use has a name that they can type, and a port for each kind of request."""
    if "." not in settings.domain and not topology.environment.tolerates_one_host:
        remedy = f"{topology.environment} is reached from outside; write its full name, for instance shop.example.com"
        yield Problem("services.nginx.domain", settings.domain, remedy)
    https, http = settings.publish.https, settings.publish.http
    if https and http and https.port == http.port:
        yield Problem("services.nginx.publish", https.port, "https and http both want this port; give each its own")
