"""Waiting for a condition, never for time alone."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Looks take a third of the time at most: what is waited for needs the processor too.
_REST = 2


def until(look: Callable[[], T], what: str, seconds: float = 60, every: float = 0.2) -> T:
    """What `look` gives as soon as it is true. An OSError or an assertion inside counts as not yet.

    AssertionError naming `what` and the last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    last: object
    while True:
        began = time.monotonic()
        try:
            found = look()
        except (OSError, AssertionError) as error:
            last = error
        else:
            if found:
                return found
            last = found
        now = time.monotonic()
        if now > deadline:
            break
        time.sleep(min(max(every, _REST * (now - began)), max(every, deadline - now)))
    raise AssertionError(f"{what} did not come within {seconds:.0f} s; last seen: {last!r}")
