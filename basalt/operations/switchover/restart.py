"""`basalt restart`: every member whose parameters need one is restarted, without a statement that fails.

Replicas go first, one by one, each waited for. While one restarts, reads wait in the pools; writes go on. The leader is
never restarted: it hands over, and is a replica then."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.guards import guard, pause, resume
from basalt.operations.switchover.hands import Hand, HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.run import WHOLE, switchover, wait_until_whole
from basalt.operations.switchover.switch import SwitchError
from basalt.operations.switchover.view import View
from basalt.plan import survey
from basalt.services.postgres.settings import Settings
from basalt.site import Site
from basalt.topology.model import Topology

Say = Callable[[str], None]

#: Rounds: a replica cannot have less of some parameters than its primary (manual, 26.4.1), so what is lowered is
#: pending again where the primary was last.
_ROUNDS = 3
_HOLD = 30.0  # seconds for which reads wait at most
_READY = 20.0
_RESTART = 25.0


@dataclass(frozen=True, slots=True)
class Restarted:
    """What was done: members in their order, and for how long at most clients of each kind were kept waiting."""

    members: tuple[str, ...]
    reads_waited: float
    writes_waited: float


def step(seen: View, left: frozenset[str]) -> str | None:
    """Who is next of those that are left: replicas that no commit waits for, then the synchronous, last the leader.
    None when all is done."""
    order = sorted((m for m in seen.members if m.name in left), key=lambda m: (m.leads, m.synchronous, m.name))
    return order[0].name if order else None


def pending(seen: View, *, everybody: bool) -> frozenset[str]:
    """Who has to be restarted."""
    return frozenset(member.name for member in seen.members if everybody or member.pending_restart)


def restart(topology: Topology, wait: float, say: Say, *, everybody: bool) -> Restarted:
    """RefusedError before anything is changed, SwitchError after."""
    site = survey(topology)
    done: list[str] = []
    reads = writes = 0.0
    for number in range(_ROUNDS):
        left = set(pending(_whole(site, done), everybody=everybody and number == 0))
        if not left:
            break
        while (name := step(_whole(site, done), frozenset(left))) is not None:
            if name == _leader(site):
                writes = max(writes, switchover(topology, None, wait, say).stall)
            reads = max(reads, _restarted(site, name))
            say(f"{name} is restarted")
            left.remove(name)
            done.append(name)
            _settled(site)
    return Restarted(tuple(done), round(reads, 3), round(writes, 3))


def _whole(site: Site, done: list[str]) -> View:
    """As it is, when all is well. RefusedError when it is not; SwitchError when some were restarted already."""
    try:
        seen = look(site)
    except HandError as error:
        raise (SwitchError if done else RefusedError)(str(error)) from error
    if not seen.whole:
        so_far = f"; restarted are {', '.join(done)}" if done else ""
        told = f"not every member follows the leader ({seen}){so_far}; wait, or repair it, and try again"
        raise (SwitchError if done else RefusedError)(told)
    return seen


def _settled(site: Site) -> None:
    """Until all follow again, and who they follow is still the same."""
    leader = _leader(site)
    if leader is None or not wait_until_whole(site, leader, WHOLE):
        raise SwitchError(f"the cluster is not whole {WHOLE:.0f} s after a restart; see: patronictl list")


def _leader(site: Site) -> str | None:
    seen = look(site)
    return seen.leader.name if seen.leader else None


def _restarted(site: Site, name: str) -> float:
    """Restarts one replica; the seconds for which reads waited."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  there is a member
    databases = [f"{database}_ro" for database in settings.databases]
    member = next(one for one in site.of("postgres") if one.name == name)
    hand = Hand(site, member, "postgres-switch", "restart")
    guards = tuple(Hand(site, one, *guard(_HOLD, *databases)) for one in site.of("pgbouncer"))
    try:
        _ready((hand, *guards))
        started = time.monotonic()
        try:
            pause(guards)
            hand.tell("go")
            hand.event("restarted", seconds=_RESTART)
        except HandError as error:
            raise SwitchError(f"{error}; all are served again. See: patronictl list") from error
        finally:
            list(resume(site, guards))
        return time.monotonic() - started
    finally:
        for each in (hand, *guards):
            each.close()


def _ready(hands: tuple[Hand, ...]) -> None:
    try:
        for each in hands:
            each.event("ready", seconds=_READY)
    except HandError as error:
        raise RefusedError(f"{error}; nothing was changed") from error
