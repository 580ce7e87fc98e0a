"""The few calls of the Docker Engine API that set-up needs.

Spoken directly: the `docker` command is a package of its own since Debian 13 and the SDK is not installed yet.
https://docs.docker.com/reference/api/engine/version/v1.41/
"""

import http.client
import json
import os
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tools.setup.step import SetupError

DEFAULT_HOST = "unix:///var/run/docker.sock"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def host() -> str:
    return os.environ.get("DOCKER_HOST") or DEFAULT_HOST


def _tls() -> ssl.SSLContext:
    folder = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def _connect(timeout: float) -> http.client.HTTPConnection:
    address = urlsplit(host())
    if address.scheme == "unix":
        return _UnixConnection(address.path, timeout)
    if address.scheme != "tcp" or not address.hostname:
        raise SetupError(f"DOCKER_HOST={host()}: set-up speaks to unix:// and tcp:// engines only")
    if os.environ.get("DOCKER_TLS_VERIFY"):
        return http.client.HTTPSConnection(address.hostname, address.port or 2376, timeout=timeout, context=_tls())
    return http.client.HTTPConnection(address.hostname, address.port or 2375, timeout=timeout)


def call(
    method: str, path: str, body: IO[bytes] | Iterable[bytes] | bytes | None = None, timeout: float = 5
) -> tuple[int, bytes]:
    """Status and body of one request; OSError when no engine answers."""
    connection = _connect(timeout)
    try:
        headers = {"Content-Type": "application/x-tar"} if body is not None else {}
        connection.request(method, path, body=body, headers=headers, encode_chunked=not isinstance(body, bytes | None))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"{host()} does not speak HTTP: {error}") from error
    finally:
        connection.close()


def version(timeout: float = 5) -> str | None:
    """The version of the engine that answers, or None."""
    try:
        status, body = call("GET", "/version", timeout=timeout)
    except OSError:
        return None
    return str(json.loads(body)["Version"]) if status == http.HTTPStatus.OK else None


def image_id(name: str) -> str | None:
    try:
        status, body = call("GET", f"/images/{name}/json")
    except OSError:
        return None
    return str(json.loads(body)["Id"]) if status == http.HTTPStatus.OK else None


def expect(answer: tuple[int, bytes], what: str) -> str:
    """Raise for an error, also for one that is reported inside a stream of progress under status 200."""
    status, body = answer
    text = body.decode(errors="replace")
    errors = [json.loads(line)["error"] for line in text.splitlines() if line.startswith('{"error')]
    if status >= http.HTTPStatus.BAD_REQUEST or errors:
        raise SetupError(f"{what}: {errors[0] if errors else text.strip()}")
    return text
