"""What a stack file may say of logs."""

from pydantic import Field

from basalt.topology.listen import Listen, Listener
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology


class Settings(Base):
    """`services.logs`"""

    retention_days: int = Field(default=7, ge=1, le=3650, description="lines that are older go")
    storage_gb: int = Field(default=8, ge=1, description="the oldest days go when it is full, but never the last two")
    memory: int = Field(default=160, ge=128, description="MiB of the store")
    buffer_gb: float = Field(
        default=1, gt=0.01, le=100, description="of each host's disk, for lines that the store cannot take now"
    )
    containers: str = Field(
        default="/var/lib/docker/containers", pattern=r"^/[\w./-]+$", description="where the hosts' engines keep logs"
    )
    publish: Listen | None = Field(
        default=None, description="where its host listens; it asks for a password. Default: in dev and test"
    )


def published(settings: Settings, topology: Topology) -> Listener | None:
    """Where the host listens, if it does."""
    if "publish" in settings.model_fields_set:
        return settings.publish
    return Listener("127.0.0.1", 9428) if topology.environment.tolerates_one_host else None
