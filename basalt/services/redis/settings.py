"""What a stack file may say of Redis."""

from collections.abc import Iterator

from pydantic import Field, field_validator

from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem


class Settings(Base):
    """`services.redis`"""

    members: int = Field(default=3, ge=1, le=7, description="one is the master, the others follow it")
    memory: int | None = Field(
        default=None, ge=64, description="MiB a member, computed from the hosts; half holds keys"
    )
    sentinels: int = Field(default=3, ge=1, le=7, description="an odd number: most of them choose the master")
    # A sentinel tries a lost link again once a second (SENTINEL_PING_PERIOD, redis/src/sentinel.c): at 1000 a single
    # failed try counts as death, and now and then a second failover follows the first. At 1500: none in 24 kills.
    down_after_ms: int = Field(
        default=1500, ge=1000, le=60_000, description="silence after which a member counts as dead"
    )

    @field_validator("sentinels")
    @classmethod
    def _can_outvote(cls, sentinels: int) -> int:
        if sentinels % 2 == 0:
            raise ValueError(f"{sentinels} is even; {sentinels - 1} or {sentinels + 1} keep a quorum")
        return sentinels


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Where a lost host must not lose the queues, two copies have to survive it."""
    if topology.environment.tolerates_one_host:
        return
    # With two, a write after a failover would exist once: Redis must then refuse it or risk it.
    for name, value in (("members", settings.members), ("sentinels", settings.sentinels)):
        if value < 3:
            remedy = f"{topology.environment} must survive the loss of a host; write 3 or more"
            yield Problem(f"services.redis.{name}", value, remedy)
