"""What a stack file may say of monitoring."""

from ipaddress import IPv4Address
from typing import Annotated

from pydantic import AfterValidator, Field

from basalt.topology.model import Settings as Base


def _socket(text: str) -> str:
    address, colon, port = text.rpartition(":")
    if not (colon and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} is no socket; write address:port, for instance 127.0.0.1:9090")
    IPv4Address(address)
    return text


class Settings(Base):
    """`services.monitoring`"""

    interval: int = Field(
        default=15, ge=5, le=120, description="seconds between two scrapes; beyond 2 minutes series go stale"
    )
    retention_days: int = Field(default=15, ge=1, le=1000)
    storage_gb: int = Field(default=8, ge=1, description="the oldest samples go when it is full")
    memory: int = Field(default=512, ge=256, description="MiB")
    publish: Annotated[str, AfterValidator(_socket)] | None = Field(
        default="127.0.0.1:9090", description="where its host listens; it asks nobody for a password. null: nowhere"
    )
