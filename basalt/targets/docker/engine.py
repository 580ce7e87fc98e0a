"""How an engine is reached, by the Docker SDK. Used inside dynamic providers and by operations; knows no Pulumi."""

import struct
from functools import cache
from typing import Any

import docker
from docker.errors import DockerException
from docker.tls import TLSConfig

from basalt.targets.docker.address import folder

_TIMEOUT = 60  # seconds for one call


class EngineError(Exception):
    """An engine that cannot be used."""


def connect(engine: dict[str, Any]) -> docker.DockerClient:
    """A client for `describe(host)`, kept for the life of the process. Raises EngineError when it does not answer."""
    try:
        return _connect(engine["url"], engine["certificates"])
    except DockerException as error:
        remedy = (
            "check hosts.<name>.engine, that the host is up and that you may use it (docker -H URL version); by TLS it "
            "asks for your certificate, which `basalt hosts site` or `basalt engine-access` makes"
        )
        raise EngineError(f"the engine {engine['url']} does not answer: {error}; {remedy}") from error


class _Api(docker.APIClient):
    """Where the SDK's own way fails."""

    def exec_start(self, exec_id: str, *arguments: Any, demux: bool = False, **options: Any) -> Any:
        """The SDK asks for the connection itself and reads past what came together with the headers: output that comes
        at once is lost, or taken for frames (docker-py, issue 3332). As an ordinary answer all of it arrives."""
        if any(arguments) or any(options.values()):
            return super().exec_start(exec_id, *arguments, demux=demux, **options)
        api: Any = self  # its types leave out what it inherits
        asked = {"Tty": False, "Detach": False}
        answer = api._post_json(api._url("/exec/{0}/start", exec_id), data=asked, stream=True)
        told = _streams(api._result(answer, binary=True))
        return tuple(told) if demux else b"".join(part or b"" for part in told)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """The engine's own authority is trusted also where REQUESTS_CA_BUNDLE is set, as it is in networks that inspect
        TLS: requests lets the variable win over what the session says (sessions.py, merge_environment_settings)."""
        own = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)


def _streams(body: bytes) -> list[bytes | None]:
    """Output and error output out of their frames: one byte says whose, the last four of eight how long it is
    (docs.docker.com, engine API, "Attach to a container"). None where there is none, as the SDK has it."""
    parts: dict[int, list[bytes]] = {1: [], 2: []}
    position = 0
    while position < len(body):
        whose, length = struct.unpack_from(">BxxxL", body, position)
        position += 8
        parts[whose].append(body[position : position + length])
        position += length
    return [b"".join(part) if part else None for part in parts.values()]


class _Client(docker.DockerClient):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.api = _Api(*arguments, **options)


@cache
def _connect(url: str, certificates: str) -> docker.DockerClient:
    if not certificates:
        return _Client(url, timeout=_TIMEOUT, use_ssh_client=url.startswith("ssh://"))
    files = [str(folder(certificates) / name) for name in ("cert.pem", "key.pem", "ca.pem")]
    tls = TLSConfig(client_cert=(files[0], files[1]), ca_cert=files[2], verify=True)
    return _Client(url, timeout=_TIMEOUT, tls=tls)
