"""A circuit breaker: closed, open after repeated failures, then half-open for a single trial.

Without it every request of an outage waits for the same time-out; with it only the trial does.
"""

from collections.abc import Callable
from enum import StrEnum
from time import monotonic


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    def __init__(
        self,
        name: str,
        *,
        threshold: int = 3,
        rest_seconds: float = 1.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.name = name
        self.trips = 0
        self._threshold = threshold
        self._rest = rest_seconds
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._trial_at: float | None = None

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return State.CLOSED
        rested = self._clock() - self._opened_at >= self._rest
        return State.HALF_OPEN if rested else State.OPEN

    def allows(self) -> bool:
        if self.state is not State.HALF_OPEN:
            return self.state is State.CLOSED
        # A trial whose caller vanished must not block the next one for ever.
        if self._trial_at is not None and self._clock() - self._trial_at < self._rest:
            return False
        self._trial_at = self._clock()
        return True

    def succeeded(self) -> None:
        self.reset()

    def failed(self) -> None:
        self._failures += 1
        if self._opened_at is not None or self._failures >= self._threshold:
            self.trips += self._opened_at is None
            self._opened_at = self._clock()
            self._trial_at = None

    def reset(self) -> None:
        self._failures = 0
        self._opened_at = None
        self._trial_at = None
