"""How an engine is reached, by the Docker SDK. Used inside dynamic providers and by operations; knows no Pulumi."""

from functools import cache
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException
from docker.tls import TLSConfig

from basalt.topology.model import Host

_TIMEOUT = 60  # seconds for one call


def describe(host: Host) -> dict[str, str]:
    """The engine of a host as plain data: `url`, `certificates` (folder, or "")."""
    return {"url": host.engine, "certificates": host.engine_certificates or ""}


class EngineError(Exception):
    """An engine that cannot be used."""


def connect(engine: dict[str, Any]) -> docker.DockerClient:
    """A client for `describe(host)`, kept for the life of the process. Raises EngineError when it does not answer."""
    try:
        return _connect(engine["url"], engine["certificates"])
    except DockerException as error:
        remedy = "check hosts.<name>.engine, that the host is up and that you may use it (docker -H URL version)"
        raise EngineError(f"the engine {engine['url']} does not answer: {error}; {remedy}") from error


class _Api(docker.APIClient):
    """Trusts the engine's own authority also where REQUESTS_CA_BUNDLE is set, as it is in networks that inspect TLS:
    requests lets the variable win over what the session says (sessions.py, merge_environment_settings)."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        own = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)


class _Client(docker.DockerClient):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.api = _Api(*arguments, **options)


@cache
def _connect(url: str, certificates: str) -> docker.DockerClient:
    if not certificates:
        return _Client(url, timeout=_TIMEOUT, use_ssh_client=url.startswith("ssh://"))
    folder = Path(certificates).expanduser()
    pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
    tls = TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=True)
    return _Client(url, timeout=_TIMEOUT, tls=tls)
