"""Durations, as a stack file writes them."""

from typing import Annotated

from pydantic import Field

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Duration = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}[smhd]$")]


def seconds(duration: str) -> int:
    """`15m` -> 900"""
    return int(duration[:-1]) * _UNITS[duration[-1]]
