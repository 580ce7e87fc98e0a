"""Where a host listens, as a stack file writes it."""

import re
from ipaddress import IPv4Address
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator


class Listener(NamedTuple):
    """An address of the host, and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        """As a stack file writes it."""
        return f"{self.address}:{self.port}"


def parse_listener(text: object) -> Listener:
    """`127.0.0.1:8443` -> Listener("127.0.0.1", 8443). Raises ValueError on any other shape."""
    found = re.fullmatch(r"([\d.]+):(\d{1,5})", str(text))
    try:
        if found and 0 < int(found[2]) < 65_536:
            return Listener(str(IPv4Address(found[1])), int(found[2]))
    except ValueError:
        pass  # IPv4Address's message does not say what to write
    raise ValueError("write address:port of the host, for instance 0.0.0.0:443")


Listen = Annotated[Listener, BeforeValidator(parse_listener)]
