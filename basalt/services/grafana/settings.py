"""What a stack file may say of dashboards."""

from pydantic import Field

from basalt.topology.listen import Listen, Listener
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology

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
