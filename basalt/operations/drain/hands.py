"""A host's containers, and several of them at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from docker.errors import APIError
from docker.models.containers import Container
from requests import RequestException

from basalt.operations import objects
from basalt.site import Site
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import EngineError

#: For these `docker start` has nothing to do, and `docker stop` has something to do (engine API, `State.Status`).
RUNS = "running"
LIVES = (RUNS, "restarting", "paused")


#: An engine before 23 may hang when many containers end at one moment (moby/libnetwork#2649).
_AT_ONCE = 4

#: Of an engine that was reached before.
FAULTS = (APIError, EngineError, RequestException)


class DrainError(Exception):
    """What was begun and did not come to its end, and what to do then."""


def containers(site: Site, host: str) -> dict[str, Container]:
    """Of a host, by instance; empty where the stack is not up. EngineError."""
    named = {container_name(site, one): one.name for one in site.instances if one.host == host}
    return {named[str(c.name)]: c for c in objects.find(site.topology).containers if c.name in named}


def each(names: Iterable[str], act: Callable[[str], object], otherwise: str) -> None:
    """Some at once. What an engine does not do is a DrainError that says what to do `otherwise`."""
    with otherwise_told(otherwise), ThreadPoolExecutor(_AT_ONCE) as pool:
        begun = [pool.submit(act, name) for name in names]
        # Whoever fails keeps nobody else from it.
        wait(begun)
        for one in begun:
            one.result()


@contextmanager
def otherwise_told(otherwise: str) -> Iterator[None]:
    """What an engine does not do inside is a DrainError that says so."""
    try:
        yield
    except FAULTS as error:
        raise DrainError(f"{error}; {otherwise}") from error
