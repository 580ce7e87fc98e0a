"""What a stack file may say of the status page."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from basalt.collect import rules
from basalt.topology.listen import Listen, Listener
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.off import READS_OFF
from basalt.topology.problem import Problem

PORT = 8444

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  the host's, outside dev and test

Text = Annotated[str, Field(min_length=1, max_length=80)]


class Settings(Base):
    """`services.statuspage`"""

    title: Text | None = Field(default=None, description="default: Status of <the domain of the edge>")
    titles: dict[str, Text] = Field(default={}, description="path of a public route: what people call it")
    alerts: dict[str, Annotated[Literal["off"] | Text, READS_OFF]] = Field(
        default={},
        description="by name: what people are told of it, or off. Told anyway: what is critical of a service with "
        "routes and names what answers them",
    )
    domain: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$",
        max_length=253,
        description="the name that people type; default: status.<the domain of the edge>",
    )
    publish: Listen | None = Field(
        default=None, description="where its host listens; default: 127.0.0.1:8444 in dev and test, else 0.0.0.0:443"
    )
    slo: float = Field(default=99.9, ge=50, lt=100, description="per cent, where the service behind promises nothing")
    mtbf_hours: int = Field(default=720, ge=1, description="hours between failures that are wanted")
    keep_days: int = Field(default=400, ge=92, le=3700, description="of its own account, whatever Prometheus keeps")

    @property
    def own_words(self) -> dict[str, str]:
        """The alerts that the stack file has words for."""
        return {name: words for name, words in self.alerts.items() if words != "off"}


def published(settings: Settings, topology: Topology) -> Listener:
    """Where the host listens."""
    local = topology.environment.tolerates_one_host
    return settings.publish or (Listener("127.0.0.1", PORT) if local else Listener(_EVERY_ADDRESS, 443))


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Only an alert that there is can be told."""
    yield from rules.unknown("services.statuspage.alerts", settings.alerts, topology.services)
