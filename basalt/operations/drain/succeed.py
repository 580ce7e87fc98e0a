"""A master of Redis that leaves has a successor at once: sentinels would wait until they call it dead.

It stops, in order, when its replicas have all that it acknowledged (redis.conf, `shutdown-timeout`), and only then is
another chosen: a failover while it still took writes would lose those of the meantime (redis.io, "High availability
with Redis Sentinel")."""

import time

from docker.models.containers import Container

from basalt.operations.drain.hands import LIVES, DrainError, containers, otherwise_told
from basalt.operations.keepsakes.redis import ask, follows, role
from basalt.operations.switchover.decide import RefusedError
from basalt.site import Site

_SECONDS = 60.0
_POLL = 0.25
#: Beyond what a member may take to stop.
_KILLED = 15


def succeed(site: Site, gone: str) -> str | None:
    """Stops the master if it is on the host `gone`, and returns which member elsewhere is the master then; None where
    there is nothing to do. RefusedError, and DrainError once it has stopped."""
    members = {one.name: one for one in site.of("redis")}
    here = {name: one for name, one in containers(site, gone).items() if name in members and one.status in LIVES}
    masters = [name for name, one in here.items() if _leads(one)]
    others = _elsewhere(site, "redis", gone)
    if not masters or not others:
        return None
    (name,) = masters
    if not any(follows(role(one)) for one in others.values()):
        raise RefusedError(f"{name} is the master of Redis, and none of {', '.join(others)} follows it; wait for one")
    sentinels = _elsewhere(site, "redis-sentinel", gone)
    with otherwise_told(f"basalt undrain {gone} starts {name} again"):
        here[name].stop(timeout=members[name].workload.stop.seconds + _KILLED)
        _fail_over(sentinels, f"{name} {site.outer_port(members[name], 'data')}")
        return _successor(others, gone)


def _fail_over(sentinels: dict[str, Container], former: str) -> None:
    """The first sentinel that answers is told, unless another member is the master already. That it has begun by itself
    (INPROG) is as good: two failovers at once would put two in the place of one."""
    for sentinel in sentinels.values():
        if known := ask(sentinel, "SENTINEL GET-MASTER-ADDR-BY-NAME main"):
            if " ".join(known) == former:
                ask(sentinel, "SENTINEL FAILOVER main")
            return


def _successor(others: dict[str, Container], gone: str) -> str:
    deadline = time.monotonic() + _SECONDS
    while not (found := [name for name, one in others.items() if _leads(one)]):
        if time.monotonic() > deadline:
            raise DrainError(f"no member of Redis took over within {_SECONDS:.0f} s; basalt undrain {gone}")
        time.sleep(_POLL)
    return found[0]


def _leads(member: Container) -> bool:
    return role(member)[:1] == ["master"]


def _elsewhere(site: Site, workload: str, gone: str) -> dict[str, Container]:
    hosts = {one.host for one in site.of(workload)} - {gone}
    found = {name: one for host in hosts for name, one in containers(site, host).items()}
    return {one.name: found[one.name] for one in site.of(workload) if one.name in found}


def not_following(site: Site) -> list[str]:
    """Members of Redis that neither are the master nor have copied it; all where there are several masters."""
    told = {name: role(one) for host in site.topology.hosts for name, one in _of(site, host).items()}
    masters = [name for name, answer in told.items() if answer[:1] == ["master"]]
    if told and len(masters) != 1:
        return sorted(told)
    return sorted(name for name, answer in told.items() if name not in masters and not follows(answer))


def _of(site: Site, host: str) -> dict[str, Container]:
    names = {one.name for one in site.of("redis") if one.host == host}
    return {name: one for name, one in containers(site, host).items() if name in names} if names else {}
