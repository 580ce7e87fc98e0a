"""While a host is empty, PgBouncers elsewhere know one HAProxy by its address, and not all by the name that they share.
One that logged in where no HAProxy is would refuse its clients meanwhile, unless it had another connection
(pgbouncer/pgbouncer#872). What leads them is images/pgbouncer/guard/leading.py.

A PgBouncer that is started anew knows all of them again: then the drain may be said again."""

from collections.abc import Iterator
from typing import Any

from basalt.operations.drain.hands import RUNS, DrainError, containers
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.hands import Hand, HandError
from basalt.site import Instance, Site

#: Seconds until the answer of a pooler is missed, beyond those for a transaction.
_ANSWER = 10.0
#: What the engine says of a program that an image does not have (runc); what one says of a word that it does not know,
#: and of a certificate that was issued before HAProxy's addresses were in it.
_NO_PROGRAM = "executable file not found"
_OLDER = (_NO_PROGRAM, "invalid choice", "IP address mismatch")
#: What the program says of one that lasts too long.
_TRANSACTION = "a transaction is open"


def past(site: Site, host: str) -> dict[str, str]:
    """The address of the HAProxy that each PgBouncer elsewhere is to know; empty where the host carries none, or nobody
    else does."""
    everybody = site.of("haproxy")
    staying = [site.ip(one) for one in everybody if one.host != host]
    if not staying or len(staying) == len(everybody):
        return {}
    poolers = [one for one in site.of("pgbouncer") if one.host != host]
    return {one.name: staying[number % len(staying)] for number, one in enumerate(poolers)}


def can_be_led(site: Site, host: str) -> None:
    """RefusedError where a PgBouncer is older than this program, or does not get through to whom it would be led to."""
    known = past(site, host)
    for pooler in _running(site, host):
        try:
            _ask(site, pooler, "reach", known[pooler.name])
        except HandError as error:
            older = any(told in str(error) for told in _OLDER)
            remedy = "what runs is older than this command: basalt up first" if older else f"{error}; see basalt status"
            target = known[pooler.name]
            raise RefusedError(f"{pooler.name} cannot be led past {host} to {target}: {remedy}") from error


def lead_past(site: Site, host: str, wait: float) -> None:
    """Connections through the host end with their transactions, none of which may last longer than `wait` seconds:
    else all are led back. DrainError."""
    known, address = past(site, host), site.topology.hosts[host].address
    try:
        for pooler in _running(site, host):
            _ask(site, pooler, "past", str(address), "haproxy", known[pooler.name], f"{wait:g}", seconds=wait)
    except HandError as error:
        lead_back(site, host)
        open_still = _TRANSACTION in str(error)
        remedy = "end it, or wait longer (--wait), and" if open_still else "all are led back; see basalt status, and"
        raise DrainError(f"{error}; {remedy} say it again") from error


def lead_back(site: Site, host: str) -> None:
    """New connections go through every HAProxy again. DrainError."""
    for pooler in _running(site, host):
        try:
            _ask(site, pooler, "back", str(site.topology.hosts[host].address))
        except HandError as error:
            if _NO_PROGRAM not in str(error):  # whoever does not know the way was never led
                raise DrainError(f"{error}; say it again: basalt undrain {host}") from error


def _running(site: Site, host: str) -> Iterator[Instance]:
    """Those that run and may be led past the host."""
    known = past(site, host)
    for pooler in site.of("pgbouncer"):
        found = containers(site, pooler.host).get(pooler.name) if pooler.name in known else None
        if found and found.status == RUNS:
            yield pooler


def _ask(site: Site, pooler: Instance, *words: str, seconds: float = 0) -> dict[str, Any]:
    hand = Hand(site, pooler, "pgbouncer-lead", *words)
    try:
        return hand.event("led", "reached", seconds=seconds + _ANSWER)
    finally:
        hand.close()
        hand.wait(1)
