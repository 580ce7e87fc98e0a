"""What basalt renders for this application, and the only place where it is read."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
    model_validator,
)

DEFAULT_PATH = Path("/etc/basalt/app.json")

Queue = Literal["notifications", "dispatch", "analytics", "images"]
QUEUES: tuple[Queue, ...] = get_args(Queue)


class SettingsError(Exception):
    """The configuration cannot be used; the message names the file, the key and the value."""


class Address(NamedTuple):
    host: str
    port: int


def parse_address(text: object) -> Address:
    host, _, port = str(text).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("write it as host:port, for example pgbouncer-1:6432")
    return Address(host.strip("[]"), int(port))


Port = Annotated[int, Field(gt=0, lt=65536)]
Positive = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=63)]
Addresses = Annotated[tuple[Annotated[Address, BeforeValidator(parse_address)], ...], Field(min_length=1)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Listen(Section):
    host: str = "0.0.0.0"  # noqa: S104  a container has only its own networks
    port: Port = 8000
    certificate: Path
    key: Path
    # Only these may say who the client is (X-Forwarded-For, X-Forwarded-Proto).
    proxies: tuple[IPvAnyNetwork, ...] = ()
    # How long a stopping server still accepts, so that balancers see /readyz fail before the port closes.
    drain_seconds: Annotated[float, Field(ge=0, le=60)] = 2.0
    stop_seconds: Annotated[int, Field(gt=0, le=300)] = 20


class Database(Section):
    hosts: Addresses
    name: Name
    user: Name
    password_file: Path
    pool_min: Annotated[int, Field(ge=0)] = 2
    pool_max: Positive = 10

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        if self.pool_min > self.pool_max:
            raise ValueError(f"pool_min {self.pool_min} is above pool_max {self.pool_max}")
        return self


class Migrate(Section):
    """A session-mode way to the primary: advisory locks and SET ROLE do not survive transaction pooling."""

    hosts: Addresses
    name: Name
    user: Name
    password_file: Path
    owner: Name = "shop_owner"


class Redis(Section):
    sentinels: Addresses
    master: Name
    user: Name | None = None
    password_file: Path
    sentinel_user: Name | None = None
    sentinel_password_file: Path


class Worker(Section):
    metrics_port: Port = 9102
    stop_seconds: Annotated[int, Field(gt=0, le=300)] = 15


class Tokens(Section):
    key_file: Path
    minutes: Positive = 15
    refresh_days: Positive = 30


class Demo(Section):
    password_file: Path


class Settings(Section):
    instance: Name
    listen: Listen
    authority: Path
    database: Database
    replica: Database | None = None
    migrate: Migrate | None = None
    redis: Redis
    queues: Annotated[dict[Queue, Positive], Field(min_length=1)]
    worker: Worker = Worker()
    tokens: Tokens
    demo: Demo | None = None


def load(path: Path) -> Settings:
    try:
        return Settings.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        details = _lines(error) if isinstance(error, ValidationError) else [str(error)]
        raise SettingsError("\n".join(f"{path}: {line}" for line in details)) from error


def _lines(error: ValidationError) -> list[str]:
    """One line a mistake: where it is, what stands there, what is expected."""
    return [
        f"{'.'.join(map(str, item['loc'])) or 'file'}: {_shown(item['input'])}: {item['msg']}"
        for item in error.errors()
    ]


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def read_secret(path: Path) -> str:
    """Secrets are read when they are used, so a rotated file serves the next connection."""
    try:
        secret = path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if not secret:
        raise SettingsError(f"{path}: the file is empty")
    return secret
