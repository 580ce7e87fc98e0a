"""What a stack file may say of dashboards."""

from collections.abc import Iterator

from pydantic import Field

from basalt.collect import dashboards
from basalt.collect.faults import FolderError
from basalt.topology.listen import Listen, Listener
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem

#: Of this repository: images/grafana.
BUILT_HERE = "grafana"


class Settings(Base):
    """`services.grafana`"""

    image: str = Field(
        default="grafana/grafana:12.2.1",
        min_length=1,
        description="the official one, a registry's; `grafana`: the server built here, without its web pages",
    )
    memory: int = Field(default=512, ge=192, description="MiB; the server built here does with half")
    publish: Listen | None = Field(default=None, description="where its host listens. Default: in dev and test")


def published(settings: Settings, topology: Topology) -> Listener | None:
    """Where the host listens, if it does."""
    if "publish" in settings.model_fields_set:
        return settings.publish
    return Listener("127.0.0.1", 3000) if topology.environment.tolerates_one_host else None


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Dashboards that the server would refuse, or that nobody could read."""
    for name in topology.services:
        try:
            dashboards.check(name)
        except FolderError as error:
            yield Problem(str(error.path), error.entry, error.remedy)
