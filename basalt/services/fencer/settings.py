"""What a stack file may say of the fencer."""

from collections.abc import Iterator

from pydantic import Field

from basalt.services.postgres.settings import Settings as Postgres
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem

#: A majority of fewer is all of them, and then one that hangs with its host hides it.
LEAST = 3


class Settings(Base):
    """`services.fencer`"""

    window: float = Field(default=1.5, ge=1, le=30, description="seconds without an answer until a member is suspected")


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Who is fenced, and by whom."""
    postgres = topology.service(Postgres)
    if postgres is None:
        yield Problem("services.fencer", None, "there is nobody to fence; declare services.postgres")
    elif postgres.members < LEAST:
        remedy = (
            f"no majority of witnesses is left when one is gone; declare {LEAST} or more, or remove services.fencer"
        )
        yield Problem("services.postgres.members", postgres.members, remedy)
