"""What `basalt status` tells of a service, out of each service's `status.yml`. Names no service."""

from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from basalt import services, yaml
from basalt.collect import promql
from basalt.collect.faults import FolderError


class Unit(StrEnum):
    """How a value is written for people."""

    NAME = "name"  # which it is; the value says nothing more
    COUNT = "count"
    NUMBER = "number"
    RATIO = "ratio"  # 1 is all
    RATE = "rate"  # a second
    SECONDS = "seconds"
    BYTES = "bytes"
    BYTE_RATE = "byte_rate"  # bytes a second


class Row(BaseModel):
    """One line. `query` is PromQL for an instant vector; `label` tells its samples apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    query: str
    unit: Unit
    label: str = "subject"


class RowError(FolderError):
    """A service's `status.yml` that cannot be used."""


_ROWS = TypeAdapter(tuple[Row, ...])


@cache
def read(folder: Path) -> tuple[Row, ...]:
    """The rows of a service's folder; empty where it has no `status.yml`. Raises RowError."""
    path = folder / "status.yml"
    if not path.is_file():
        return ()
    try:
        found = _ROWS.validate_python(yaml.load(path.read_text()))
    except ValidationError as error:
        fault = error.errors()[0]
        raise RowError(path, ".".join(map(str, fault["loc"])), fault["msg"]) from None
    for row in found:
        if wrong := promql.fault(row.query):
            raise RowError(path, row.title, wrong)
    return found


def rows(name: str) -> tuple[Row, ...]:
    """The rows of a service."""
    return read(services.folder(name))


_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def tell(value: float, unit: Unit) -> str:
    """A value for people: two digits of the largest unit that fits."""
    if unit is Unit.SECONDS:
        return next((f"{value / size:.1f} {name}" for size, name in _SPANS if abs(value) >= size), f"{value:.1f} s")
    if unit is Unit.BYTE_RATE:
        return f"{tell(value, Unit.BYTES)}/s"
    if unit is Unit.BYTES:
        return next((f"{value / size:.1f} {name}" for size, name in _SIZES if abs(value) >= size), f"{value:.0f} B")
    forms = {Unit.RATIO: f"{value:.0%}", Unit.RATE: f"{value:.1f}/s", Unit.NUMBER: f"{value:.2f}", Unit.NAME: ""}
    return forms.get(unit, f"{value:.0f}")
