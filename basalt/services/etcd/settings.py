"""What a stack file may say of etcd."""

from pydantic import Field

from basalt.topology.model import Settings as Base


class Settings(Base):
    """`services.etcd`"""

    members: int = Field(default=3, ge=1, le=7, description="an odd number; three survive the loss of one")
    memory: int = Field(default=160, ge=64, description="MiB a member; the database quota is half of it")
