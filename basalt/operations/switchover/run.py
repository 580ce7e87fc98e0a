"""`basalt switchover`: looks, decides, switches over, waits until the cluster is whole, and tells."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from basalt.operations.switchover.decide import Choice, RefusedError, choose
from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.switch import Course, SwitchError, switch
from basalt.operations.switchover.view import View
from basalt.plan import survey
from basalt.site import Site
from basalt.topology.model import Topology

Say = Callable[[str], None]

WHOLE = 120.0  # seconds until the former leader follows
_POLL = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a switchover did. `stall`: seconds for which clients were kept waiting at most; `marks`: seconds from the
    beginning of the pause; `whole`: seconds until the former leader followed, None when it does not yet."""

    former: str
    leader: str
    timeline: int
    stall: float
    marks: dict[str, float]
    whole: float | None


def prepare(site: Site, to: str | None, wait: float, spared: frozenset[str] = frozenset()) -> Choice:
    """Whether it may be, and from whom to whom. Changes nothing. RefusedError."""
    try:
        seen = look(site)
    except HandError as error:
        raise RefusedError(str(error)) from error
    synchronous = site.topology.promise.loss == "none" and len(seen.members) > 1
    return choose(seen, to, wait, synchronous=synchronous, spared=spared)


def switchover(
    topology: Topology, to: str | None, wait: float, say: Say, spared: frozenset[str] = frozenset()
) -> Report:
    """RefusedError when nothing was changed, SwitchError when something was and it failed."""
    site = survey(topology)
    choice = prepare(site, to, wait, spared)
    say(f"{choice.candidate} takes over from {choice.leader}")
    started = time.monotonic()
    course = _switched(site, choice)
    stall = course.marks["resumed"]
    say(f"{choice.candidate} leads on timeline {course.timeline}; clients waited {stall:.2f} s at most")
    whole = time.monotonic() - started if wait_until_whole(site, choice.candidate, WHOLE) else None
    return Report(
        former=choice.leader,
        leader=choice.candidate,
        timeline=course.timeline,
        stall=stall,
        marks=course.marks,
        whole=None if whole is None else round(whole, 1),
    )


def _switched(site: Site, choice: Choice) -> Course:
    try:
        return switch(site, choice)
    except RefusedError as error:
        seen = _seen(site)
        still = "; ".join(map(str, seen.transactions[:3])) if seen else ""
        raise RefusedError(f"{error}. Nothing was changed{f'; open are {still}' if still else ''}") from error
    except SwitchError as error:
        raise SwitchError(f"{error}. {_state(site)}") from error


def _state(site: Site) -> str:
    """What there is after a failure, and what to do."""
    try:
        seen = look(site)
    except HandError as error:
        return f"Clients were let go on; the cluster cannot be asked: {error}"
    if seen.leader is None:
        return f"Clients were let go on; nobody leads now ({seen}): Patroni elects. See patronictl list"
    return f"Clients were let go on; {seen.leader.name} leads ({seen}). Try again when all others stream"


def wait_until_whole(site: Site, leader: str, seconds: float) -> bool:
    """Until `leader` leads and all others follow it; False when they do not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = _seen(site)
        if seen is not None and seen.whole and seen.leader is not None and seen.leader.name == leader:
            return True
        time.sleep(_POLL)
    return False


def _seen(site: Site) -> View | None:
    try:
        return look(site)
    except HandError:
        return None
