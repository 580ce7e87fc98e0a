"""What a service promises, and where alerts on it begin."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objective:
    """What a service promises: this share of its requests is good (sre.google/workbook, "Implementing SLOs"). What is
    good under that name, the service's own `alerts.yml` says."""

    name: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where an alert of the service begins, when the stack file decides it; in the unit that its rule compares."""

    alert: str
    value: float
