"""Silences as code: what is muted, and when. Times are UTC.

A silence of the API would be a call that `up` has to make and to remember; a time interval that mutes routes is
configuration (Alertmanager's docs/configuration.md, time_interval)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from basalt.topology.model import Settings as Base

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)
Label = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Interval = dict[str, Sequence[str] | Sequence[dict[str, str]]]


class Weekly(Base):
    """From one time of the day to another; into the next day where the second is the earlier one."""

    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="on which it begins")
    start: Clock = Field(default="00:00", alias="from", description="UTC")
    end: Clock = Field(default="24:00", alias="to", description="UTC")


class Silence(Base):
    """Alerts that bear all of `matchers` are not sent: up to the end of a day, or in a weekly window."""

    matchers: dict[Label, str] = Field(min_length=1, description="label: value")
    until: date | None = Field(default=None, description="the last day")
    weekly: Weekly | None = None
    comment: str = Field(min_length=1, description="why, and who may be asked")

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if (self.until is None) == (self.weekly is None):
            raise ValueError("write until (the last day) or weekly (a window), one of them")
        return self


@dataclass(frozen=True, slots=True)
class Muted:
    """Alerts with these labels are not sent during these intervals."""

    matchers: tuple[tuple[str, str], ...]
    intervals: tuple[str, ...]


def name(index: int) -> str:
    """The name of a silence's time interval."""
    return f"silence-{index + 1}"


def intervals(silence: Silence) -> list[Interval]:
    """A silence's time, as Alertmanager writes it: any of these."""
    return list(_until(silence.until) if silence.until else _weekly(silence.weekly or Weekly()))


def muted(silences: Sequence[Silence]) -> tuple[Muted, ...]:
    """Who is muted when, most labels first. An alert goes the way of the first that matches, so one that several
    silences match needs an entry of its own, with all their labels and all their intervals."""
    met: set[frozenset[tuple[str, str]]] = set()
    for silence in silences:
        own = frozenset(silence.matchers.items())
        met |= {own} | {own | other for other in met if _agree(silence.matchers, other)}
    order = sorted(met, key=lambda labels: (-len(labels), sorted(labels)))
    return tuple(Muted(tuple(sorted(labels)), _of(labels, silences)) for labels in order)


def _agree(matchers: Mapping[str, str], other: frozenset[tuple[str, str]]) -> bool:
    return all(matchers.get(label, value) == value for label, value in other)


def _of(labels: frozenset[tuple[str, str]], silences: Sequence[Silence]) -> tuple[str, ...]:
    return tuple(name(index) for index, silence in enumerate(silences) if set(silence.matchers.items()) <= labels)


def _until(last: date) -> Iterator[Interval]:
    """All years, months and days that come before, and the day itself. It begins with the `up` that brings it."""
    year, month = [str(last.year)], [str(last.month)]
    yield {"years": [f"1970:{last.year - 1}"]}
    if last.month > 1:
        yield {"years": year, "months": [f"1:{last.month - 1}"]}
    yield {"years": year, "months": month, "days_of_month": [f"1:{last.day}"]}


def _weekly(window: Weekly) -> Iterator[Interval]:
    """Alertmanager's ranges end at midnight."""
    if window.start < window.end:
        yield _window(window.days, window.start, window.end)
        return
    yield _window(window.days, window.start, "24:00")
    if window.end > "00:00":
        yield _window(tuple(DAYS[(DAYS.index(day) + 1) % 7] for day in window.days), "00:00", window.end)


def _window(days: tuple[Day, ...], start: str, end: str) -> Interval:
    return {"weekdays": list(days), "times": [{"start_time": start, "end_time": end}]}
