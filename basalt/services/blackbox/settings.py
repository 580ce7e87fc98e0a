"""What a stack file may say of looking from outside."""

from pydantic import Field

from basalt.topology.model import Settings as Base


class Settings(Base):
    """`services.blackbox`"""

    timeout: int = Field(default=5, ge=1, le=9, description="seconds; Prometheus waits no longer than ten")
