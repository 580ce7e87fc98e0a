"""What a stack file may say of the hosts' metrics."""

from basalt.topology.model import Settings as Base


class Settings(Base):
    """`services.node`: nothing to choose."""
