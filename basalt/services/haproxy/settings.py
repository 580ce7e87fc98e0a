"""What a stack file may say of HAProxy."""

from collections.abc import Iterator

from pydantic import Field

from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem
from basalt.workload import Tier


class Settings(Base):
    """`services.haproxy`"""

    members: int = Field(default=2, ge=1, le=9, description="each knows every database member")
    connections: int = Field(default=2000, ge=100, le=50_000, description="at most, for each member")


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """All members are reached by one name, so they need one port; between hosts, those on the same would differ."""
    hosts = topology.hosts_of(Tier.DATA) or topology.hosts
    if len(topology.hosts) > 1 and settings.members > len(hosts):
        remedy = f"two would share a host and its ports; write {len(hosts)} or less, or give another host the data tier"
        yield Problem("services.haproxy.members", settings.members, remedy)
