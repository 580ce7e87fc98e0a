"""Waiting for a condition, never for time alone."""

import json
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import psycopg

T = TypeVar("T")

#: What a server says, or does not say, that is not up yet; and an assertion about it.
_NOT_YET: tuple[type[Exception], ...] = (
    OSError,
    AssertionError,
    httpx.HTTPError,
    psycopg.OperationalError,
    json.JSONDecodeError,
)

#: Looks take a third of the time at most: what is waited for needs the processor too.
_REST = 2


def until(
    look: Callable[[], T],
    what: str,
    seconds: float = 60,
    every: float = 0.2,
    also: tuple[type[Exception], ...] = (),
) -> T:
    """What `look` gives as soon as it is true. What a server that is not up yet raises counts as not yet, an assertion
    inside, and what is named by `also`.

    AssertionError naming `what` and the last answer after `seconds`."""
    deadline, not_yet = time.monotonic() + seconds, _NOT_YET + also
    last: object
    while True:
        began = time.monotonic()
        try:
            found = look()
        except not_yet as error:
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
