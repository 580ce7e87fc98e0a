"""What Prometheus answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of an instant vector (prometheus.io/docs, querying/api)."""

    labels: dict[str, str]
    value: float
