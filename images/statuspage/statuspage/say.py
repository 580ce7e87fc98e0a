"""Figures and times as people read them. Pure."""

from datetime import UTC, datetime
from math import floor

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def percent(ratio: float | None) -> str:
    """Never more than it was: 100 % is all of it."""
    if ratio is None:
        return "no data"
    hundredths = floor(ratio * 10_000 + 1e-6) / 100
    return "100 %" if ratio >= 1 else f"{hundredths:.2f} %"


def duration(seconds: float | None) -> str:
    """The two largest units that fit: `3 min 20 s`."""
    if seconds is None:
        return "none"
    left = round(seconds)
    words: list[str] = []
    for size, name in _UNITS:
        if left >= size or (size == 1 and not words):
            words.append(f"{left // size} {name}")
            left %= size
        elif words:
            break
    return " ".join(words[:2])


def moment(time: float) -> str:
    """`1 Mar 2026, 12:00`"""
    at = datetime.fromtimestamp(time, UTC)
    return f"{at.day} {at:%b %Y, %H:%M}"


def clock(time: float) -> str:
    """`12:00:05`"""
    return f"{datetime.fromtimestamp(time, UTC):%H:%M:%S}"


def iso(time: float) -> str:
    """For programs."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(date: str) -> str:
    """`2026-03-01` as `1 Mar 2026`"""
    at = datetime.fromisoformat(date)
    return f"{at.day} {at:%b %Y}"
