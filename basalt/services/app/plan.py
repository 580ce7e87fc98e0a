"""Each part of the application as a workload, and the migration as the task that comes before them."""

from collections.abc import Iterator

from basalt.services.app import config
from basalt.services.app.config import METRICS, PRIMARY, REDIS, SENTINEL, SQL, WEB
from basalt.services.app.settings import MIGRATE, Part, Settings, database, owner
from basalt.site import Instance, Site
from basalt.topology.model import Role, Topology
from basalt.workload import (
    Endpoint,
    File,
    Limits,
    Objective,
    Port,
    Probe,
    Reload,
    Route,
    Scrape,
    Stop,
    Tier,
    Workload,
    asks_https,
)

PROVISIONED = "postgres-provision"

_LOGIN = "as client, driver, partner or admin; the password: basalt secret app/demo {stack}"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """A standby's database takes no migration; it gets it from its primary."""
    migrates = bool(settings.migrate) and topology.role is Role.PRIMARY
    if migrates:
        yield _migration(settings)
    for name, part in settings.parts.items():
        yield _part(
            name, part, settings, (MIGRATE,) if migrates else (), _LOGIN if config.seeds(settings, topology) else ""
        )


def _migration(settings: Settings) -> Workload:
    own = settings.migrate if isinstance(settings.migrate, tuple) else ("python", "-m", "shop", "migrate")
    return Workload(
        name=MIGRATE,
        image=settings.image,
        command=own,
        tier=Tier.APP,
        task=True,
        after=(PROVISIONED,),
        uses=_uses(SQL, PRIMARY, REDIS, SENTINEL),
        limits=Limits(memory=256),
        probe=None,
    )


def _part(name: str, part: Part, settings: Settings, after: tuple[str, ...], note: str) -> Workload:
    kind, port, number = ("api", "web", WEB) if part.routes else ("worker", "metrics", METRICS)
    return Workload(
        name=name,
        image=settings.image,
        command=part.command or ("python", "-m", "shop", kind),
        count=part.replicas,
        tier=Tier.APP,
        ports={port: Port(number, "https")},
        routes=_routes(name, part, settings, note),
        uses=_uses(SQL, REDIS, SENTINEL),
        limits=Limits(memory=part.memory, cpus=part.cpus),
        probe=_probe(part, number),
        stop=Stop(seconds=30),
        # The reference application takes up a renewed certificate; another one may die of the signal.
        reload=Reload(signal="SIGHUP") if part.command is None else None,
        scrapes=(Scrape(port, job="app"),),
        objectives=_objectives(settings) if part.routes else (),
        after=after,
    )


def _uses(*endpoints: str) -> tuple[Endpoint, ...]:
    return tuple(map(Endpoint.parse, endpoints))


def _objectives(settings: Settings) -> tuple[Objective, ...]:
    return tuple(Objective(name, percent / 100) for name, percent in settings.slo.model_dump().items())


def _probe(part: Part, port: int) -> Probe | None:
    if part.probe:
        return Probe(part.probe)
    return asks_https(f"https://localhost:{port}/healthz") if part.command is None else None


def _routes(name: str, part: Part, settings: Settings, note: str) -> tuple[Route, ...]:
    streams = [path for path in settings.streams if owner(settings, path) == name]
    plain = [path for path in part.routes if path not in streams]
    # The reference application tells anybody how it is; of another one nothing is known.
    health = "/statusz" if part.command is None else ""
    return (
        *(Route(path, note=note, health=health and path.rstrip("/") + health) for path in plain),
        *(Route(path, streams=True) for path in streams),
    )


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`app.json` and the secrets that it names."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    shop = database(settings, site.topology)
    assert shop is not None  # noqa: S101  `problems` saw to it
    yield File("app.json", config.render(instance, site, settings, shop), reloads=False)
    yield from config.secrets(instance, site, settings, shop)
