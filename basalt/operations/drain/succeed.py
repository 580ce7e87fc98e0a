"""A master of Redis that was stopped, in order, has a successor at once: sentinels would wait until they call it dead.

It stops when its replicas have all that it acknowledged (redis.conf, `shutdown-timeout`). A failover while it still
took writes would lose those of the meantime (redis.io, "High availability with Redis Sentinel")."""

import time

from docker.models.containers import Container

from basalt.operations.drain.hands import DrainError, containers
from basalt.operations.keepsakes.redis import ask, role
from basalt.site import Site

_SECONDS = 60.0
_POLL = 0.25


def leads(member: Container) -> bool:
    """Whether it is the master, in its own words."""
    return role(member)[:1] == ["master"]


def succeed(site: Site, gone: str) -> None:
    """Until a member on another host than `gone` is the master. DrainError; where there is none, nothing is done."""
    members = _elsewhere(site, "redis", gone)
    if not members:
        return
    for sentinel in _elsewhere(site, "redis-sentinel", gone):
        if ask(sentinel, "SENTINEL FAILOVER main") == ["OK"]:
            break  # the others have begun already, or follow this one
    deadline = time.monotonic() + _SECONDS
    while not any(map(leads, members)):
        if time.monotonic() > deadline:
            raise DrainError(f"no member of Redis took over within {_SECONDS:.0f} s; basalt undrain {gone}")
        time.sleep(_POLL)


def _elsewhere(site: Site, workload: str, gone: str) -> list[Container]:
    found = {name: one for host in site.topology.hosts if host != gone for name, one in containers(site, host).items()}
    return [found[one.name] for one in site.of(workload) if one.name in found]
