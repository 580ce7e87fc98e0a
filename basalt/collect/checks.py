"""What `basalt check` measures of a service, out of each service's `checks.yml`. Names no service."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from basalt import services
from basalt.collect import promql
from basalt.collect.declared import document, faults
from basalt.collect.faults import FolderError
from basalt.collect.rules import headings
from basalt.collect.status import Unit

Text = Annotated[str, Field(min_length=1)]


class Check(BaseModel):
    """One question. `query` is PromQL for an instant vector; every sample has to be within the bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: Text
    query: Text
    unit: Unit = Unit.COUNT
    label: str = Field(default="subject", description="tells the samples apart")
    of: str | None = Field(
        default=None,
        description="a workload: each instance planned has to have a sample; not asked where there is none",
    )
    at_least: float | None = None
    at_most: float | None = None
    fails: Literal["always", "production", "never"] = Field(
        default="always", description="where a sample out of bounds fails; elsewhere it is a warning"
    )
    promise: Literal["none", "bounded"] | None = Field(default=None, description="asked only where `loss` is this")
    remedy: Text
    runbook: Text = Field(description="a heading of the service's runbook.md")

    @model_validator(mode="after")
    def _expects_something(self) -> "Check":
        if self.at_least is None and self.at_most is None:
            raise ValueError("nothing can be wrong with it; write at_least, at_most or both")
        return self


class CheckError(FolderError):
    """A service's `checks.yml` that cannot be used."""


_CHECKS = TypeAdapter(tuple[Check, ...])


@cache
def read(folder: Path) -> tuple[Check, ...]:
    """The checks of a service's folder; empty where it has no `checks.yml`. Raises CheckError."""
    path = folder / "checks.yml"
    try:
        found = _CHECKS.validate_python(document(path) or ())
    except ValidationError as error:
        raise CheckError(path, *next(faults(error))) from None
    known, times = headings(folder), Counter(check.id for check in found)
    for check in found:
        if wrong := promql.fault(check.query):
            raise CheckError(path, check.id, wrong)
        if check.runbook not in known:
            raise CheckError(path, check.id, f"{check.runbook!r}: runbook.md has no such heading; add it")
        if times[check.id] > 1:
            raise CheckError(path, check.id, "two rows have this id; choose another")
    return found


def checks(name: str) -> tuple[Check, ...]:
    """The checks of a service."""
    return read(services.folder(name))
