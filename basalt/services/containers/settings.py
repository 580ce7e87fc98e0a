"""What a stack file may say of the containers' metrics."""

from basalt.topology.model import Settings as Base


class Settings(Base):
    """`services.containers`: nothing to choose."""
