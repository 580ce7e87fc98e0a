"""What a stack file may say of the application."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from basalt.services.postgres.settings import DatabaseName
from basalt.services.postgres.settings import Settings as Postgres
from basalt.topology.model import Name, Topology
from basalt.topology.model import Settings as Base
from basalt.topology.problem import Problem

#: The task that runs before every part.
MIGRATE = "migrate"

Path = Annotated[str, Field(pattern=r"^/$|^(/[A-Za-z0-9_-]+)+$")]
Command = Annotated[tuple[str, ...], Field(min_length=1)]
Given = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Part(Base):
    """Replicas that do the same: they answer `routes`, or they empty `queues` (name: jobs at once)."""

    routes: tuple[Path, ...] = Field(default=(), description="public paths; the longest that fits wins")
    queues: dict[Name, Annotated[int, Field(ge=1, le=1024)]] = Field(default={}, description="name: jobs at once")
    replicas: int = Field(default=1, ge=1, le=1000, description="containers")
    memory: int = Field(default=256, ge=64, description="MiB a replica")
    cpus: float = Field(default=1.0, gt=0, le=64, description="cores a replica")
    pool: int = Field(default=10, ge=1, le=500, description="database connections a replica, to each pool")
    command: Command | None = Field(
        default=None, description="for an image that is not started as the reference application is"
    )
    probe: Command | None = Field(default=None, description="for an image without a health check of its own")

    @model_validator(mode="after")
    def _has_one_kind_of_work(self) -> Self:
        if bool(self.routes) == bool(self.queues):
            raise ValueError("give it either routes (it answers requests) or queues (it does jobs)")
        return self


class Slo(Base):
    """Per cent of requests; what is left is the error budget of three days."""

    availability: float = Field(default=99.9, ge=50, lt=100, description="answered without a server's error")
    latency: float = Field(default=95.0, ge=50, lt=100, description="answered within half a second")


_QUEUES = {"notifications": 2, "dispatch": 4, "analytics": 1, "images": 2}
_PARTS = {"api": Part(routes=("/",), replicas=2), "payment": Part(routes=("/pay",)), "worker": Part(queues=_QUEUES)}


class Settings(Base):
    """`services.app`"""

    image: str = Field(default="app", min_length=1, description="app: the one in this repository; else a registry's")
    database: DatabaseName | None = Field(default=None, description="default: the only one of the stack")
    parts: dict[Name, Part] = Field(default=_PARTS, min_length=1)
    streams: tuple[Path, ...] = Field(default=("/events",), description="WebSocket and server-sent events")
    secrets: tuple[Given, ...] = Field(default=(), description="of the operator, as files in secrets/given/")
    demo: bool | None = Field(default=None, description="seeds a user for each tier; default: in dev and test")
    slo: Slo = Slo()
    migrate: bool | Command = Field(default=True, description="before every part; or the command that does it")


def database(settings: Settings, topology: Topology) -> str | None:
    """The application's database, or None where the stack leaves open which."""
    declared = databases(topology)
    return settings.database or (declared[0] if len(declared) == 1 else None)


def databases(topology: Topology) -> tuple[str, ...]:
    """Every database of the stack."""
    postgres = topology.service(Postgres)
    return tuple(postgres.databases) if postgres else ()


def owner(settings: Settings, path: str) -> str | None:
    """The part whose route leads to a path: the longest wins, as at the edge."""
    matches = [
        (len(route), name)
        for name, part in settings.parts.items()
        for route in part.routes
        if path == route or path.startswith(route.rstrip("/") + "/")
    ]
    return max(matches)[1] if matches else None


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Names that clash or lead nowhere."""
    yield from _database_problems(settings, topology)
    yield from _name_problems(settings, topology)
    yield from _route_problems(settings)
    yield from _queue_problems(settings)
    for name in settings.secrets:
        if name not in given:
            remedy = f"set it: pulumi config set --stack {topology.name} --secret --path 'basalt:secrets.{name}'"
            yield Problem("services.app.secrets", name, remedy)


def _database_problems(settings: Settings, topology: Topology) -> Iterator[Problem]:
    declared = databases(topology)
    if database(settings, topology) not in declared:
        remedy = f"services.postgres declares {', '.join(declared) or 'none'}; name one of them"
        yield Problem("services.app.database", settings.database, remedy)


def _name_problems(settings: Settings, topology: Topology) -> Iterator[Problem]:
    for name in settings.parts:
        others = [other for other in topology.services if other != "app" and f"{name}-".startswith(f"{other}-")]
        if others or name == MIGRATE:
            taken = others[0] if others else f"the task {MIGRATE}"
            yield Problem(f"services.app.parts.{name}", name, f"containers of {taken} have such names; choose another")


def _route_problems(settings: Settings) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for name, part in settings.parts.items():
        for route in part.routes:
            other = taken.setdefault(route, name)
            if other != name:
                yield Problem(f"services.app.parts.{name}.routes", route, f"part {other} has it too; give it to one")
    for path in settings.streams if "streams" in settings.model_fields_set else ():
        if owner(settings, path) is None:
            yield Problem("services.app.streams", path, "no part has a route to it; add the route")


def _queue_problems(settings: Settings) -> Iterator[Problem]:
    for name, part in settings.parts.items():
        for queue in part.queues if part.command is None else ():
            if queue not in _QUEUES:
                remedy = f"the reference application has {', '.join(_QUEUES)}; another one needs its command here"
                yield Problem(f"services.app.parts.{name}.queues", queue, remedy)
