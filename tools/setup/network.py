"""What can be reached, asked once and briefly: a firewall that drops packets must not cost a minute a part."""

import socket
import ssl
from functools import cache

CONNECT_SECONDS = 3.0


@cache
def reachable(host: str, port: int) -> bool:
    """Whether a TLS connection with that name can be made: a proxy that accepts every TCP connection does not count."""
    try:
        with (
            socket.create_connection((host, port), CONNECT_SECONDS) as raw,
            ssl.create_default_context().wrap_socket(raw, server_hostname=host),
        ):
            return True
    except OSError:
        return False
