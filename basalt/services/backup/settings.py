"""What a stack file may say of backup."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from basalt.services.backup.crontab import checked
from basalt.services.postgres.settings import Settings as Postgres
from basalt.topology.duration import Duration
from basalt.topology.model import Settings as Base
from basalt.topology.model import Topology
from basalt.topology.problem import Problem

Schedule = Annotated[str, AfterValidator(checked)]


class Keep(Base):
    """Of how many days, weeks and months one backup remains, and what is too young to go."""

    daily: int = Field(default=7, ge=1, le=366, description="days")
    weekly: int = Field(default=4, ge=0, le=520, description="weeks")
    monthly: int = Field(default=12, ge=0, le=120, description="months")
    floor: Duration = Field(default="7d", description="younger ones all stay, and every moment since can be restored")


class Assertion(Base):
    """What must hold in a database that was restored; without any, structure and checksums are all that is proved."""

    database: str = Field(description="one of `services.postgres.databases`")
    query: str = Field(min_length=1, description="SQL that gives one row of one value, `true`")


class Settings(Base):
    """`services.backup`"""

    repositories: tuple[Literal["local", "s3"], ...] = Field(
        default=("local",), min_length=1, description="where backups go"
    )
    keep: Keep = Keep()
    full: Schedule = Field(default="0 1 * * *", description="crontab line, UTC")
    incremental: Schedule = Field(default="0 7,13,19 * * *", description="crontab line, UTC")
    drill: Schedule = Field(default="0 3 * * *", description="crontab line, UTC: the newest is restored and proved")
    drill_older: Schedule = Field(default="0 4 * * 0", description="crontab line, UTC: any older one is")
    assertions: tuple[Assertion, ...] = Field(default=(), description="what each drill asks the restored databases")
    late: Duration = Field(default="2h", description="how long after its time a backup may end before people are told")
    memory: int = Field(default=512, ge=384, description="MiB of the container that takes backups and proves them")


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """A promise that could not be kept yet is refused; a backup needs something to back up."""
    if "s3" in settings.repositories:
        remedy = "arrives with off-site repositories; write [local]"
        yield Problem("services.backup.repositories", list(settings.repositories), remedy)
    postgres = topology.service(Postgres)
    if postgres is None:
        yield Problem("services.backup", "postgres", "there is no such service to back up; add it, or remove backup")
        return
    for number, assertion in enumerate(settings.assertions):
        if assertion.database not in postgres.databases:
            known = f"declared are: {', '.join(postgres.databases)}"
            yield Problem(f"services.backup.assertions.{number}.database", assertion.database, known)
