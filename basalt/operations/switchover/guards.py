"""Guards: in each PgBouncer one, which holds a pause and ends it whatever becomes of us (images/pgbouncer/guard)."""

import time
from collections.abc import Iterator

from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.hands import Hand, HandError
from basalt.site import Site

#: Seconds that a guard holds a pause at most, and within it those in which open transactions may end.
HOLD, DRAIN = 10.0, 2.5
_RESUME = 6.0
_MEND = 6.0


def guard(seconds: float, *databases: str) -> tuple[str, ...]:
    """The command of a guard that pauses some databases, or all."""
    return ("pgbouncer-guard", "hold", f"{seconds:g}", *databases)


def pause(guards: tuple[Hand, ...]) -> None:
    """RefusedError when transactions do not end in time; the caller resumes."""
    deadline = time.monotonic() + DRAIN
    try:
        for guard in guards:
            guard.tell("pause")
        for guard in guards:
            guard.event("paused", seconds=deadline - time.monotonic())
    except HandError as error:
        remedy = "a transaction lasts longer than clients may be kept waiting; try again when it is over"
        raise RefusedError(f"{error}; {remedy}. All are served again") from error


def resume(site: Site, guards: tuple[Hand, ...]) -> Iterator[str]:
    """Everybody at once; yields those that did not say so. A guard that is gone is replaced."""
    for guard in guards:
        try:
            guard.tell("resume")
        except HandError:
            _mend(site, guard.name)
    deadline = time.monotonic() + _RESUME
    for guard in guards:
        try:
            guard.event("resumed", seconds=max(0.1, deadline - time.monotonic()))
        except HandError:
            if not _mend(site, guard.name):
                yield guard.name


def _mend(site: Site, name: str) -> bool:
    instance = next(one for one in site.of("pgbouncer") if one.name == name)
    hand = Hand(site, instance, "pgbouncer-guard", "mend", "--now")
    try:
        hand.event("mended", seconds=_MEND)
    except HandError:
        return False
    finally:
        hand.close()
        hand.wait(1)
    return True
