"""One question to a member's two servers. Each raises OSError or TimeoutError where there is no answer.

Neither needs a login, and neither leaves a line in a log. PostgreSQL answers a GSSENCRequest (manual, 53.2.12) with one
byte from a process that the postmaster has made for it: a server that is stopped does not answer, though the kernel
still takes connections for it. After that byte it takes a closed connection for a client that liked no encryption, and
is silent; after the answer to an SSLRequest it would complain. Patroni answers GET /liveness without asking PostgreSQL
or etcd. HTTP 1.0, so every look is a handshake."""

import asyncio
import json
import ssl

_GSSENC_REQUEST = (8).to_bytes(4, "big") + (80877104).to_bytes(4, "big")


async def sql(address: str, port: int) -> None:
    """PostgreSQL: any answer."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(_GSSENC_REQUEST)
        if not await reader.read(1):
            raise ConnectionError("closed without an answer")
    finally:
        writer.close()


async def rest(address: str, port: int, name: str, tls: ssl.SSLContext) -> None:
    """Patroni: any answer. That its loop hangs, `ttl` tells."""
    reader, writer = await asyncio.open_connection(address, port, ssl=tls, server_hostname=name)
    try:
        writer.write(f"GET /liveness HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
        if not await reader.read(1):
            raise ConnectionError("closed without an answer")
    finally:
        writer.close()


#: What Patroni calls a server that should be there (patroni/postgresql/misc.py, PostgresqlState).
_SHOULD_RUN = ("running", "unknown")


async def planned(address: str, port: int, name: str, tls: ssl.SSLContext) -> bool:
    """Whether Patroni knows that its PostgreSQL does not answer: it starts, stops or restarts it, and sees to the rest.
    Raises ValueError too."""
    reader, writer = await asyncio.open_connection(address, port, ssl=tls, server_hostname=name)
    try:
        writer.write(f"GET /patroni HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
        _, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return json.loads(body)["state"] not in _SHOULD_RUN
    finally:
        writer.close()
