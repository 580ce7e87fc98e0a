"""Providers' list prices: one file a provider, found by name. Each names its source and the day it was read."""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from basalt.collect.declared import document, faults
from basalt.collect.faults import FolderError

#: Hours of a month, as AWS's calculator counts them: 8,760 / 12.
_HOURS = 730


class PriceError(Exception):
    """There is no price for what is asked."""


class _Prices(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Machine(_Prices):
    """A machine type: what it has, what it may send to the internet in a month, what it costs in the list's unit."""

    cores: int = Field(ge=1)
    memory_gb: float = Field(gt=0)
    disk_gb: int = Field(default=0, ge=0)
    traffic_gb: int = Field(default=0, ge=0)
    price: float = Field(gt=0)
    #: Whether its cores are its own: a database on shared ones is as fast as its neighbours let it be.
    cpu: Literal["shared", "dedicated"]


class PriceList(_Prices):
    """What one provider asks in one region, without taxes."""

    provider: str
    source: str = Field(pattern=r"^https://")
    read: date
    currency: Literal["EUR", "USD"]
    unit: Literal["hour", "month"]
    #: A GB of disk beyond the machine's own, for a month; a GB of traffic beyond the allowance.
    storage_gb: float = Field(ge=0)
    traffic_gb: float = Field(ge=0)
    #: Whether all machines share one allowance.
    traffic_pooled: bool
    machines: dict[str, Machine] = Field(min_length=1)

    def month(self, machine: Machine) -> float:
        """A machine's price for a month."""
        return machine.price * (_HOURS if self.unit == "hour" else 1)


def providers() -> tuple[str, ...]:
    """Every provider that has a price list, sorted."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.yml")))


def price_list(provider: str) -> PriceList:
    """The prices of a provider. Raises PriceError, which names those there are, or what is wrong with the list."""
    if provider not in providers():
        raise PriceError(f"--provider: {provider!r}: no price list; there are: {', '.join(providers())}")
    return read(Path(__file__).parent / f"{provider}.yml")


def read(path: Path) -> PriceList:
    """A price list, called after its file. Raises PriceError with everything that is wrong or missing in it."""
    try:
        return PriceList.model_validate({**(document(path) or {}), "provider": path.stem})
    except FolderError as error:
        raise PriceError(str(error)) from None
    except ValidationError as error:
        told = (f"{path}: {place}: {remedy}" for place, remedy in faults(error))
        raise PriceError("\n".join(told)) from None
