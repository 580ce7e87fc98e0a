"""While a host is empty, PgBouncers elsewhere know one HAProxy by its own name, and not all by the one that they share.
One that logged in where no HAProxy is would refuse its clients meanwhile, unless it had another connection
(pgbouncer/pgbouncer#872).

A PgBouncer that is started anew knows all of them again: then the drain may be said again."""

from collections.abc import Iterator

from basalt.operations.drain.hands import RUNS, DrainError, containers
from basalt.operations.switchover.hands import Hand, HandError
from basalt.site import Instance, Site

#: Seconds beyond those for a transaction until a pooler's answer is missed.
_MORE = 10.0


def past(site: Site, host: str) -> dict[str, str]:
    """Which HAProxy each PgBouncer elsewhere is to know; empty where the host carries none, or nobody else does."""
    everybody = site.of("haproxy")
    staying = [one.name for one in everybody if one.host != host]
    if not staying or len(staying) == len(everybody):
        return {}
    poolers = [one for one in site.of("pgbouncer") if one.host != host]
    return {one.name: staying[number % len(staying)] for number, one in enumerate(poolers)}


def lead_past(site: Site, host: str, wait: float) -> None:
    """Connections through the host end with their transactions, none of which may last longer than `wait` seconds.
    DrainError."""
    known, address = past(site, host), site.topology.hosts[host].address
    for pooler in _running(site, host):
        if pooler.name in known:
            _tell(site, pooler, wait, "lead", "haproxy", known[pooler.name], str(address), f"{wait:g}")


def lead_back(site: Site, host: str) -> None:
    """New connections go through every HAProxy again. DrainError."""
    known = past(site, host)
    for pooler in _running(site, host):
        if pooler.name in known:
            _tell(site, pooler, 0, "lead-back")


def _running(site: Site, host: str) -> Iterator[Instance]:
    for pooler in site.of("pgbouncer"):
        found = containers(site, pooler.host).get(pooler.name)
        if pooler.host != host and found and found.status == RUNS:
            yield pooler


def _tell(site: Site, pooler: Instance, wait: float, *words: str) -> None:
    hand = Hand(site, pooler, "pgbouncer-guard", *words)
    try:
        hand.event("led", seconds=wait + _MORE)
    except HandError as error:
        raise DrainError(f"{error}; end what is under way there, and say it again") from error
    finally:
        hand.close()
        hand.wait(1)
