"""Questions over HTTPS to what the stack runs, from inside its container: nothing of it needs to be published."""

from collections.abc import Iterator, Sequence

from docker.errors import APIError, NotFound

from basalt.site import Instance, Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import connect
from basalt.workload import FILES, Port


class WebError(Exception):
    """An instance cannot be asked, or does not answer."""


def ask(site: Site, instance: Instance, port: str, asked: Sequence[tuple[str, ...]]) -> str:
    """What an instance's port answers to all of `asked` in one call: flags of curl(1), and last what follows `/`.
    Raises WebError."""
    try:
        container = connect(describe(site.host(instance))).containers.get(container_name(site, instance))
        code, output = container.exec_run(list(_command(instance.workload.ports[port], asked)), demux=True)
    except (NotFound, APIError) as error:
        raise WebError(f"{instance.name} cannot be asked: {error}; is the stack up?") from None
    told, complaint = (part.decode() if isinstance(part, bytes) else "" for part in output)
    if code:
        raise WebError(f"{instance.name} does not answer: {complaint.strip()}; see: docker logs {container.name}")
    return told


def _command(port: Port, asked: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield "curl"
    for number, (*flags, path) in enumerate(asked):
        yield from ["--next"] if number else []
        yield from ("-sS", "--max-time", "10", "--cacert", f"{FILES}/tls/{port.authority.name}/ca.crt")
        yield from (*flags, f"https://localhost:{port.number}/{path}")
