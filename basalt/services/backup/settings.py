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

#: The service that deploys change.
APPLICATION = "app"

Schedule = Annotated[str, AfterValidator(checked)]


class Keep(Base):
    """Of how many days, weeks and months one backup remains, and what is too young to go."""

    daily: int = Field(default=7, ge=1, le=366, description="days")
    weekly: int = Field(default=4, ge=0, le=520, description="weeks")
    monthly: int = Field(default=12, ge=0, le=120, description="months")
    floor: Duration = Field(default="7d", description="younger ones all stay, and every moment since can be restored")


class KeepBeside(Base):
    """The same of what is kept beside backups; of each there are many, and each is whole by itself."""

    daily: int = Field(default=7, ge=1, le=366, description="days")
    weekly: int = Field(default=4, ge=0, le=520, description="weeks")
    monthly: int = Field(default=0, ge=0, le=120, description="months")
    floor: Duration = Field(default="1d", description="younger ones all stay")


class Keepsakes(Base):
    """What is kept in the repositories beside backups of the database's files: each a file that is whole by itself."""

    redis: Schedule = Field(default="20 * * * *", description="crontab line, UTC: all keys of Redis")
    silences: Schedule = Field(default="40 * * * *", description="crontab line, UTC: those that people have set")
    dumps: tuple[str, ...] = Field(
        default=(), description="of `services.postgres.databases`: what can be restored into any PostgreSQL"
    )
    dump: Schedule = Field(default="30 2 * * *", description="crontab line, UTC: `dumps`, by pg_dump")
    keep: KeepBeside = Field(default=KeepBeside(), description="for each kind by itself")


class Assertion(Base):
    """What must hold in a database that was restored; without any, structure and checksums are all that is proved."""

    database: str = Field(description="one of `services.postgres.databases`")
    query: str = Field(min_length=1, description="SQL that gives one row of one value, `true`")


class S3(Base):
    """A second repository, away from the stack: a bucket of its own, at whoever speaks S3."""

    endpoint: str = Field(pattern=r"^[A-Za-z0-9.-]+(:\d{1,5})?$", description="host, or host:port; always TLS")
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="it must be there")
    path: str | None = Field(
        default=None, pattern=r"^(/[A-Za-z0-9._-]+)+$", description="folder in the bucket; default: the stack's name"
    )
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$", description="as the server calls it")
    style: Literal["host", "path"] = Field(default="host", description="`path` where a bucket is no host name")
    key: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="access key; its secret part is `secret`")
    secret: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="name of an operator's secret: the secret key")
    authority: str | None = Field(
        default=None, pattern=r"-----BEGIN CERTIFICATE-----", description="PEM; where Debian's authorities do not do"
    )


class Settings(Base):
    """`services.backup`"""

    s3: S3 | None = Field(default=None, description="a second repository, off-site, beside the one of the stack")
    keep: Keep = Keep()
    keepsakes: Keepsakes = Keepsakes()
    full: Schedule = Field(default="0 1 * * *", description="crontab line, UTC")
    incremental: Schedule = Field(default="0 7,13,19 * * *", description="crontab line, UTC")
    drill: Schedule = Field(default="0 3 * * *", description="crontab line, UTC: the newest is restored and proved")
    drill_older: Schedule = Field(default="0 4 * * 0", description="crontab line, UTC: any older one is")
    assertions: tuple[Assertion, ...] = Field(default=(), description="what each drill asks the restored databases")
    before_deploy: bool = Field(default=False, description="an `up` that changes the application takes one first")
    late: Duration = Field(default="2h", description="how long after its time a backup may end before people are told")
    memory: int = Field(default=512, ge=384, description="MiB of the container that takes backups and proves them")

    @property
    def repositories(self) -> tuple[str, ...]:
        """Their names, in pgBackRest's order: the first is number 1."""
        return ("local", "s3") if self.s3 else ("local",)


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """A backup needs something to back up, and a way to where it goes."""
    if settings.s3 and settings.s3.secret not in given:
        remedy = f"pulumi config set --secret --path 'basalt:secrets.{settings.s3.secret}' --stack {topology.name}"
        yield Problem("services.backup.s3.secret", settings.s3.secret, f"there is no such secret; say it: {remedy}")
    if settings.before_deploy and APPLICATION not in topology.services:
        remedy = f"there is no services.{APPLICATION} that an up could change; remove the line"
        yield Problem("services.backup.before_deploy", settings.before_deploy, remedy)
    postgres = topology.service(Postgres)
    if postgres is None:
        yield Problem("services.backup", "postgres", "there is no such service to back up; add it, or remove backup")
        return
    for number, name in enumerate(settings.keepsakes.dumps):
        if name not in postgres.databases:
            known = f"declared are: {', '.join(postgres.databases)}"
            yield Problem(f"services.backup.keepsakes.dumps.{number}", name, known)
    for number, assertion in enumerate(settings.assertions):
        if assertion.database not in postgres.databases:
            known = f"declared are: {', '.join(postgres.databases)}"
            yield Problem(f"services.backup.assertions.{number}.database", assertion.database, known)
