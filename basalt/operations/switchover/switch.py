"""The switchover itself: everybody who has a part waits for a word before the first transaction is kept waiting."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from basalt.operations.switchover.decide import Choice, RefusedError
from basalt.operations.switchover.guards import HOLD, guard, pause, resume
from basalt.operations.switchover.hands import Hand, HandError
from basalt.site import Instance, Site

Say = Callable[[str], None]

_READY = 20.0  # seconds until everybody is there; the checkpoint is in it
_GATE = 20.0  # seconds until Patroni is about to stop PostgreSQL
_TRIES = 8  # of a pause at that point
_STEP = 6.0  # seconds for one step while all wait; the guards end a pause by themselves whatever happens here

#: HAProxy's console, for one line of orders about the leader $0 and others (`steer`). It is ready when it knows whom it
#: would be told of: the order that it gets first is one that changes nothing (its checks are enabled).
_CONSOLE = """
told=$(echo "enable health leader/$0" | socat -t 5 - UNIX-CONNECT:/tmp/admin.sock) && [ -z "$told" ] || {
  printf '{"event": "refused", "why": "%s What runs is older than this command: basalt up first"}\\n' "$told"; exit 1; }
echo '{"event": "ready"}'
exec socat -t 5 - UNIX-CONNECT:/tmp/admin.sock
"""


class SwitchError(Exception):
    """It did not go to its end. Clients are served again as far as there is somebody to serve them."""


@dataclass(slots=True)
class Course:
    """What was done, and the seconds since the pause began."""

    choice: Choice
    timeline: int = 0
    marks: dict[str, float] = field(default_factory=dict)
    _started: float = 0.0

    def begin(self) -> None:
        """The pause is asked for now."""
        self._started = time.monotonic()

    def mark(self, what: str) -> None:
        """It happened just now."""
        self.marks[what] = round(time.monotonic() - self._started, 4)


@dataclass(frozen=True, slots=True)
class Hands:
    """Everybody who has a part."""

    guards: tuple[Hand, ...]
    steers: tuple[Hand, ...]
    leave: Hand
    take: Hand


def switch(site: Site, choice: Choice) -> Course:
    """Switches over. RefusedError when nothing was changed, SwitchError when something was and it failed."""
    course = Course(choice)
    with _hands(site, choice) as hands:
        _try(site, hands.guards)
        _to_the_gate(hands.leave)
        course.begin()
        try:
            _paused(site, hands, course)
            course.mark("paused")
            _hand_over(hands, course)
            course.mark("steered")
        finally:
            stuck = list(resume(site, hands.guards))
            course.mark("resumed")
    if stuck:
        raise SwitchError(f"{', '.join(stuck)} did not say that they serve again; their probes end the pause")
    return course


def _try(site: Site, guards: tuple[Hand, ...]) -> None:
    """A pause that ends at once: what would not let us pause is known while all can be left as it is. RefusedError."""
    try:
        pause(guards)
    finally:
        list(resume(site, guards))


def _to_the_gate(leave: Hand) -> None:
    """Patroni does all that comes before the shutdown, while clients are served. It cannot be called back."""
    try:
        leave.tell("go")
        leave.event("gate", seconds=_GATE)
    except HandError as error:
        raise SwitchError(f"Patroni did not begin: {error}") from error


def _paused(site: Site, hands: Hands, course: Course) -> None:
    """Clients that have begun a transaction since are served until it is over, some times."""
    for _ in range(_TRIES - 1):
        try:
            return pause(hands.guards)
        except RefusedError:
            list(resume(site, hands.guards))
            course.begin()
    try:
        return pause(hands.guards)
    except RefusedError as error:
        raise SwitchError(f"{error}; Patroni goes on, and cuts them off") from error


@contextmanager
def _hands(site: Site, choice: Choice) -> Iterator[Hands]:
    """All started at once, and all ready. RefusedError when one is not."""
    by_name = {instance.name: instance for instance in site.of("postgres")}
    with ExitStack() as stack:

        def hand(instance: Instance, *words: str) -> Hand:
            made = Hand(site, instance, *words)
            # Nobody is waited for: a guard stays until those who waited are served, Patroni until it sees a leader.
            stack.callback(made.close)
            return made

        hands = Hands(
            leave=hand(by_name[choice.leader], "postgres-switch", "leave", choice.candidate),
            take=hand(by_name[choice.candidate], "postgres-switch", "take", choice.leader),
            guards=tuple(hand(one, *guard(HOLD)) for one in site.of("pgbouncer")),
            steers=tuple(hand(one, *console(choice.leader)) for one in site.of("haproxy")),
        )
        try:
            for each in (hands.leave, hands.take, *hands.guards, *hands.steers):
                each.event("ready", seconds=_READY)
        except HandError as error:
            raise RefusedError(str(error)) from error
        yield hands


def _hand_over(hands: Hands, course: Course) -> None:
    choice = course.choice
    try:
        hands.leave.tell("open")
        end = hands.leave.event("stopped", seconds=_STEP)["lsn"]
        course.mark("stopped")
        hands.take.tell(f"take {end}")
        released = hands.take.event("released", "left", seconds=_STEP)
        course.mark(released["event"])
        course.timeline = hands.take.event("leads", seconds=_STEP)["timeline"]
        course.mark("leads")
        steer(hands.steers, orders(choice))
    except HandError as error:
        raise SwitchError(str(error)) from error


def console(leader: str) -> tuple[str, ...]:
    """The command of who takes one line of orders."""
    return ("sh", "-c", _CONSOLE, leader)


def orders(choice: Choice) -> str:
    """What HAProxy's next checks would find anyway (management.txt, 9.3, "set server"): said at once. It keeps nothing:
    a check that finds otherwise is believed."""
    told = {f"leader/{choice.leader}": "down", f"leader/{choice.candidate}": "up"}
    told |= {f"replicas/{choice.candidate}": "down"}
    return "; ".join(f"set server {server} health {health}" for server, health in told.items())


def steer(consoles: tuple[Hand, ...], told: str) -> None:
    """Orders to every HAProxy, which says nothing when it obeys. HandError."""
    for console in consoles:
        console.tell(told)
    for console in consoles:
        answer = console.line(_STEP)
        if answer:
            raise HandError(f"{console.name}: {answer}")
