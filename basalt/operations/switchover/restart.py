"""`basalt restart`: every member whose parameters need one is restarted, without a statement that fails.

Replicas go first, one by one, each waited for. Reads wait in the pools for as long as it takes to send them elsewhere:
to another replica, or to the leader where there is none. The leader hands over, which restarts it.

Where a value is lowered that replicas may not have less of than their primary, the leader goes first, and where it is:
whoever takes over would have the old value, and write it into the log. So is a leader that is alone. All wait for it
meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.guards import guard, pause, resume
from basalt.operations.switchover.hands import Hand, HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.run import WHOLE, switchover, wait_until_whole
from basalt.operations.switchover.switch import SwitchError, console, steer
from basalt.operations.switchover.view import View
from basalt.plan import survey
from basalt.services.postgres.settings import Settings
from basalt.site import Site
from basalt.topology.model import Topology

Say = Callable[[str], None]

#: Rounds: of several values one may be raised and another lowered.
_ROUNDS = 3
_HOLD = 10.0  # seconds for which reads wait at most
_READY = 20.0
_RESTART = 25.0
_STEP = 6.0

#: Nobody is sent to the replica $0 while this runs. Whoever began it may be gone: its input ends then, and this too.
_ASIDE = """
tell() { echo "set server replicas/$0 state $1" | socat -t 5 - UNIX-CONNECT:/tmp/admin.sock; }
echo '{"event": "ready"}'; read -r _
told=$(tell maint) && [ -z "$told" ] || { printf '{"event": "refused", "why": "%s"}\\n' "$told"; exit 1; }
echo '{"event": "aside"}'; read -r _
tell ready
"""


@dataclass(frozen=True, slots=True)
class Restarted:
    """What was done: members in their order, and for how long at most clients of each kind were kept waiting."""

    members: tuple[str, ...]
    reads_waited: float
    writes_waited: float


def step(seen: View, left: frozenset[str]) -> str | None:
    """Who is next of those that are left: replicas that no commit waits for, then the synchronous, last the leader; it
    comes first where it stays. None when all is done."""
    stays = in_place(seen)
    order = sorted(
        (m for m in seen.members if m.name in left), key=lambda m: (m.leads is not stays, m.synchronous, m.name)
    )
    return order[0].name if order else None


def in_place(seen: View) -> bool:
    """Whether the leader is restarted where it is."""
    return seen.leader is not None and (seen.leader.lowered or len(seen.members) == 1)


def pending(seen: View, *, everybody: bool) -> frozenset[str]:
    """Who has to be restarted."""
    return frozenset(member.name for member in seen.members if everybody or member.pending_restart)


def prepare(site: Site, *, everybody: bool) -> tuple[str, ...]:
    """Who would be restarted, in order. Changes nothing. RefusedError."""
    seen, order = look(site), []
    left = pending(seen, everybody=everybody)
    if left:
        _require_whole(seen)
    while (name := step(seen, left)) is not None:
        order.append(name)
        left -= {name}
    return tuple(order)


def restart(topology: Topology, wait: float, say: Say, *, everybody: bool) -> Restarted:
    """RefusedError before anything is changed, SwitchError after."""
    course = _Course(survey(topology), wait, say)
    try:
        course.run(everybody=everybody)
    except (RefusedError, HandError) as error:
        if not course.done:
            raise RefusedError(str(error)) from error
        raise SwitchError(f"{error}; restarted are {', '.join(course.done)}; repair it, and try again") from error
    return Restarted(tuple(course.done), round(course.reads, 3), round(course.writes, 3))


@dataclass(slots=True)
class _Course:
    """How far it came. `reads` and `writes`: seconds for which they waited at most."""

    site: Site
    wait: float
    say: Say
    done: list[str] = field(default_factory=list)
    reads: float = 0.0
    writes: float = 0.0

    def run(self, *, everybody: bool) -> None:
        for number in range(_ROUNDS):
            left = pending(look(self.site), everybody=everybody and number == 0)
            if not left:
                return
            while left and (name := step(seen := _whole(self.site), left)) is not None:
                self._restart(name, stays=in_place(seen))
                left -= {name}

        if left := pending(look(self.site), everybody=False):
            raise SwitchError(f"{', '.join(sorted(left))} still wait for a restart; see: patronictl list")

    def _restart(self, name: str, *, stays: bool) -> None:
        if name != _leader(self.site):
            self.reads = max(self.reads, _restarted(self.site, name))
        elif stays:
            self.writes = max(self.writes, _restarted_in_place(self.site, name))
        else:
            self.writes = max(self.writes, switchover(self.site.topology, None, self.wait, self.say).stall)
        self.say(f"{name} is restarted")
        self.done.append(name)
        _settled(self.site)


def _whole(site: Site) -> View:
    """As it is, when all is well. RefusedError when it is not; HandError when nobody tells."""
    seen = look(site)
    _require_whole(seen)
    return seen


def _require_whole(seen: View) -> None:
    if not seen.whole:
        raise RefusedError(f"not every member follows the leader ({seen}); wait, or repair it, and try again")


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
    hand = _member(site, name)
    steers = tuple(Hand(site, one, "sh", "-c", _ASIDE, name) for one in site.of("haproxy"))
    guards = tuple(Hand(site, one, *guard(_HOLD, *databases)) for one in site.of("pgbouncer"))
    with _together(hand, *steers, *guards):
        waited = _sent_elsewhere(site, steers, guards)
        hand.tell("go")
        hand.event("restarted", seconds=_RESTART)
    return waited


def _restarted_in_place(site: Site, name: str) -> float:
    """Restarts the leader, which stays; the seconds for which all waited. HAProxy is told that it is back: PgBouncer
    refuses who comes while it cannot connect."""
    hand = _member(site, name)
    consoles = tuple(Hand(site, one, *console(name)) for one in site.of("haproxy"))
    guards = tuple(Hand(site, one, *guard(_RESTART)) for one in site.of("pgbouncer"))
    with _together(hand, *consoles, *guards):
        started = time.monotonic()
        try:
            pause(guards)
            hand.tell("go")
            hand.event("restarted", seconds=_RESTART)
            steer(consoles, f"set server leader/{name} health up")
        finally:
            list(resume(site, guards))
        return time.monotonic() - started


@contextmanager
def _together(*hands: Hand) -> Iterator[None]:
    """Begins when all are ready; RefusedError when one is not, SwitchError when something fails later. At the end their
    input ends, and each undoes what it holds."""
    try:
        _ready(hands)
        yield
    except HandError as error:
        raise SwitchError(f"{error}; all are served again. See: patronictl list") from error
    finally:
        for each in hands:
            each.close()


def _member(site: Site, name: str) -> Hand:
    instance = next(one for one in site.of("postgres") if one.name == name)
    return Hand(site, instance, "postgres-switch", "restart")


def _sent_elsewhere(site: Site, steers: tuple[Hand, ...], guards: tuple[Hand, ...]) -> float:
    """A paused pool has no connection left; those that it makes afterwards go elsewhere. The seconds that it took."""
    started = time.monotonic()
    try:
        pause(guards)
        for steer in steers:
            steer.tell("aside")
        for steer in steers:
            steer.event("aside", seconds=_STEP)
    finally:
        list(resume(site, guards))
    return time.monotonic() - started


def _ready(hands: tuple[Hand, ...]) -> None:
    try:
        for each in hands:
            each.event("ready", seconds=_READY)
    except HandError as error:
        raise RefusedError(f"{error}; nothing was changed") from error
