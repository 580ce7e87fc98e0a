"""When a witness suspects a member: no heartbeat for a window. Pure; seconds of a monotonic clock.

A heartbeat is two answers: of PostgreSQL's server process and of Patroni. Probes do not wait for each other, so one
that is lost costs nothing; where none has answered yet, they hurry. A window begins with the last answer, and anew when
the witness itself was late (it was paused, or had no CPU): then it is the witness that was absent.

Jitter widens the window: where answers took long, silence means little. It is `STRETCH` times the slowest of the last
answers, if that is longer than the least window. (A. Hayashibara et al., "The phi accrual failure detector", 2004, has
the thought; a maximum needs no model of the distribution, which heavy loss does not follow.)"""

from collections import deque
from dataclasses import dataclass, field

#: Between two probes where all is well, and where one waits for its answer. A look at Patroni is a TLS handshake: it is
#: looked at half as often.
CALM, HURRIED, HALF = 0.5, 0.2, 2
#: The least window of Patroni. While it alone is silent clients go on to write, and a busy host has kept it silent for
#: four seconds: there is time. But not until its lock ends by `ttl` (20 s at least), when somebody else takes it.
ALONE = 10.0
#: An answer that took longer makes the next probe hurry.
_PROMPT = 0.25
#: Between two looks at the clock; a look that is later than this says that the witness was absent.
TICK, LATE = 0.1, 0.5
STRETCH, LONGEST = 4.0, 12.0
#: So many refusals in a row, and Patroni's word that PostgreSQL should run, are a crash: no window is waited for.
REFUSED = 2
_REMEMBERED = 20


@dataclass(slots=True)
class Pulse:
    """One thing that should answer. `window`: the least one."""

    window: float
    last: float
    calm: float = CALM
    slowest: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    waiting: int = 0
    asked: float = 0.0
    #: Times in a row that the kernel refused the connection: nobody listens. No jitter does that.
    refused: int = 0

    def answered(self, now: float, took: float) -> None:
        """An answer came."""
        self.last = max(self.last, now)
        self.refused = 0
        self.slowest.append(took)

    @property
    def patience(self) -> float:
        """The window as it is now."""
        return min(max(LONGEST, self.window), max(self.window, STRETCH * max(self.slowest, default=0.0)))

    def silent(self, now: float) -> bool:
        """Whether the window is over."""
        return now - self.last > self.patience

    def due(self, now: float) -> bool:
        """Whether to ask again."""
        since = now - self.asked
        late = self.waiting > 0 and self.asked > self.last and since > _PROMPT
        return since >= (HURRIED if late or self.refused else self.calm)


class Watch:
    """The pulses of one member, and whether it is suspected."""

    def __init__(self, window: float, now: float) -> None:
        self.pulses = {"sql": Pulse(window, now), "rest": Pulse(max(ALONE, HALF * window), now, HALF * CALM)}
        #: Whether Patroni is being asked why PostgreSQL is silent; whether it sees no reason.
        self.explaining = self.crashed = False
        self._ticked = now

    def tick(self, now: float) -> bool:
        """To be called every `TICK`; whether the witness was absent since the last time."""
        absent = now - self._ticked > LATE
        self._ticked = now
        if absent:
            for pulse in self.pulses.values():
                pulse.last = max(pulse.last, now)
        return absent

    def silence(self, now: float) -> str:
        """Which pulses are silent, and for how long."""
        found = [f"{kind} {now - pulse.last:.2f} s" for kind, pulse in self.pulses.items() if pulse.silent(now)]
        return ", ".join(found) or "PostgreSQL is gone"

    def unexplained(self, now: float) -> bool:
        """Whether to ask Patroni, which answers, why PostgreSQL does not."""
        sql, rest = self.pulses["sql"], self.pulses["rest"]
        strange = sql.refused >= REFUSED or now - sql.last > sql.patience / 2
        return strange and not rest.silent(now) and not self.explaining

    def explained(self, now: float, *, planned: bool) -> None:
        """Patroni's answer. `planned`: it stops, starts or restarts PostgreSQL, and sees to it."""
        sql = self.pulses["sql"]
        if planned:
            sql.answered(now, 0.0)
        self.crashed = not planned and sql.refused >= REFUSED

    def suspected(self, now: float) -> bool:
        """Whether one of the pulses has been silent for a window, or PostgreSQL is known to be gone."""
        crashed = self.crashed and self.pulses["sql"].refused >= REFUSED
        return crashed or any(pulse.silent(now) for pulse in self.pulses.values())
