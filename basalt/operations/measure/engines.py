"""What the engines tell: containers as they are, images, the ends of certificates."""

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import docker
from cryptography import x509
from docker.errors import APIError
from docker.models.containers import Container
from requests.exceptions import RequestException

from basalt.checklist.facts import Engine
from basalt.checklist.row import Unasked
from basalt.operations.measure.own import own_end
from basalt.plan import Plan, Planned
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import EngineError, connect
from basalt.targets.docker.health import well

_MIB = 1024 * 1024


def engines(plan: Plan) -> dict[str, Engine | Unasked]:
    """Every host's, at once: one that is down must not hide the others."""
    hosts = list(plan.topology.hosts)
    with ThreadPoolExecutor(len(hosts)) as pool:
        return dict(zip(hosts, pool.map(lambda host: _engine(plan, host), hosts), strict=True))


def _engine(plan: Plan, host: str) -> Engine | Unasked:
    try:
        client = connect(describe(plan.topology.hosts[host]))
        return _asked(plan, host, client)
    except (EngineError, APIError, RequestException, OSError) as error:
        return Unasked(f"the engine of {host} does not answer: {error}")


def _asked(plan: Plan, host: str, client: docker.DockerClient) -> Engine:
    mark: dict[str, Any] = {"label": f"basalt.stack={plan.topology.name}"}
    found = {str(c.name): c for c in client.containers.list(all=True, filters=mark, ignore_removed=True)}
    here = {container_name(plan.site, p.instance): p for p in plan.planned if p.instance.host == host}
    info: dict[str, Any] = client.info()
    return Engine(
        cores=int(info["NCPU"]),
        memory=int(info["MemTotal"]) // _MIB,
        images={tag: image["Id"] for image in client.api.images() for tag in image["RepoTags"] or ()},
        containers={name: _told(container) for name, container in found.items()},
        ends={name: _end(found[name], planned) for name, planned in here.items() if name in found},
        own_end=own_end(plan.topology.hosts[host]),
    )


def _told(container: Container) -> dict[str, Any]:
    """What the engine tells of it; where it looks rarely and has not found it healthy, what its own probe says."""
    told: dict[str, Any] = container.attrs
    if told["State"].get("Health", {}).get("Status") in {"starting", "unhealthy"} and well(container):
        return {**told, "State": {**told["State"], "Health": {"Status": "healthy"}}}
    return told


def _end(container: Container, planned: Planned) -> datetime | Unasked:
    """When the first certificate that a container holds ends."""
    paths = dict.fromkeys(f"{c.folder}/{'tls' if c.key else 'ca'}.crt" for c in planned.certificates)
    try:
        ends = [x509.load_pem_x509_certificate(_read(container, path)).not_valid_after_utc for path in paths]
    except (APIError, ValueError, tarfile.TarError) as error:
        return Unasked(f"{planned.instance.name}: its certificate cannot be read: {error}")
    return min(ends) if ends else Unasked(f"{planned.instance.name} holds none")


def _read(container: Container, path: str) -> bytes:
    """A file of a container. The engine would mount every volume to copy one out, and where one of them is the host's
    root it may fail: what runs is asked itself."""
    if container.attrs["State"]["Running"]:
        code, told = container.exec_run(["cat", path])
        if code or not isinstance(told, bytes):
            raise ValueError(f"cat {path} ended with {code}")
        return told
    chunks, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        member = archive.extractfile(path.rpartition("/")[2])
        assert member is not None  # noqa: S101  the engine gave the file that was asked for
        return member.read()
