"""What a stack file may say of monitoring."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from basalt.collect import rules
from basalt.topology.listen import Listen, Listener
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.off import READS_OFF
from basalt.topology.problem import Problem


class Change(Base):
    """What a stack says otherwise of an alert."""

    severity: Literal["critical", "warning", "info"] | None = Field(default=None, description="how soon to look")
    patience: Annotated[str, Field(pattern=r"^(\d+[smhd])+$")] | None = Field(
        default=None, alias="for", description="how long it must hold: 30s, 10m, 2h"
    )


class Settings(Base):
    """`services.monitoring`"""

    interval: int = Field(
        default=30, ge=5, le=120, description="seconds between two scrapes; beyond 2 minutes series go stale"
    )
    retention_days: int = Field(default=15, ge=1, le=1000, description="how long samples are kept")
    storage_gb: int = Field(default=8, ge=1, description="the oldest samples go when it is full")
    memory: int = Field(default=512, ge=256, description="MiB")
    publish: Listen | None = Field(
        default=Listener("127.0.0.1", 9090),
        description="where its host listens; it asks nobody for a password. null: nowhere",
    )
    alerts: dict[str, Annotated[Literal["off"] | Change, READS_OFF]] = Field(
        default={}, description="by name: off, or {severity: warning, for: 10m}"
    )
    runbooks: str = Field(
        default="basalt/services", min_length=1, description="what stands before /<service>/runbook.md in an alert"
    )

    @property
    def overrides(self) -> dict[str, dict[str, str] | None]:
        """`alerts` as the collector takes it."""
        return {
            name: None if change == "off" else change.model_dump(by_alias=True, exclude_none=True)
            for name, change in self.alerts.items()
        }


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Only an alert that there is can be changed."""
    yield from rules.unknown("services.monitoring.alerts", settings.alerts, topology.services)
