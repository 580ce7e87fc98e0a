"""Routes as Alertmanager walks them: the first that matches, unless it says `continue`. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from basalt.services.alertmanager.settings import NOBODY, Route, Settings, Severity, fallback, longer


@dataclass(frozen=True, slots=True)
class Step:
    """Alerts of a severity, on their way to a receiver. None: as for all routes."""

    severity: str
    receiver: str
    group_wait: str | None = None
    group_interval: str | None = None
    repeat_interval: str | None = None
    #: The next one is asked too.
    goes_on: bool = False


def steps(settings: Settings) -> tuple[Step, ...]:
    """One or two for each severity."""
    return tuple(step for severity in get_args(Severity) for step in _steps(severity, settings))


def _steps(severity: Severity, settings: Settings) -> Iterator[Step]:
    route = _declared(severity, settings)
    later = route.escalate
    yield Step(severity, route.receiver, repeat_interval=route.repeat_interval, goes_on=later is not None)
    if later:
        # A new group waits: what is resolved meanwhile is never told. What joins an old group waits for its next turn.
        turn = longer(later.after, settings.group_interval)
        repeat = longer(route.repeat_interval or settings.repeat_interval, turn)
        yield Step(severity, later.receiver, later.after, turn, repeat)


def _declared(severity: Severity, settings: Settings) -> Route:
    silent = severity in ("info", "none")
    return settings.routes.get(severity) or Route(receiver=NOBODY if silent else fallback(settings))
