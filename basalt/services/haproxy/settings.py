"""What a stack file may say of HAProxy."""

from pydantic import Field

from basalt.topology.model import Settings as Base


class Settings(Base):
    """`services.haproxy`"""

    members: int = Field(default=2, ge=1, le=9)
    connections: int = Field(default=2000, ge=100, description="at most, for each member")
