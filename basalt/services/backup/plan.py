"""pgBackRest over mutual TLS: a repository server, an agent beside each database member, and a scheduler that copies
from these to the repository."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

from basalt.services.backup import keepsakes
from basalt.services.backup.crontab import longest_pause
from basalt.services.backup.settings import APPLICATION, Settings
from basalt.services.postgres.settings import Settings as Postgres
from basalt.site import Address, Instance, Site
from basalt.topology.duration import seconds
from basalt.topology.model import Role, Topology
from basalt.workload import (
    Endpoint,
    File,
    Guard,
    Limits,
    LogFormat,
    Port,
    Probe,
    Reload,
    ScheduledJob,
    Scrape,
    Stop,
    Threshold,
    Tier,
    Volume,
    Workload,
    asks_https,
    exporter,
)

AGENT = "backup-agent.agent"

_PORT = 8432
_REPOSITORY = "/var/lib/pgbackrest"
_DRILL = "/var/lib/drill"
#: All that has to do with a backup; provisioning, because members are restarted after it where parameters want it.
_CHAIN = ("postgres", "postgres-provision", "backup", "backup-agent", "backup-scheduler")
_SERVE = ("pgbackrest", "--config", "/etc/basalt/pgbackrest.conf", "server")
_LOG = LogFormat(r"^\S+ \S+ P\d+ +(?P<level>[A-Z]+): (?P<message>.*)")
# A handshake and no more: no dependency is asked.
_ALIVE = Probe(("pgbackrest", "--log-level-console=error", "server-ping", "localhost"), interval=15)


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`backup` keeps, `backup-agent` reads the databases, `backup-scheduler` copies, `backup-exporter` tells."""
    yield Workload(
        name="backup",
        image="backup",
        command=_SERVE,
        tier=Tier.BACKUP,
        ports={"repository": Port(_PORT)},
        volumes=(Volume("repository", _REPOSITORY),),
        limits=Limits(memory=256),
        probe=_ALIVE,
        reload=Reload(signal="SIGHUP"),
        log_format=_LOG,
    )
    yield _agents(topology)
    yield _scheduler(settings, topology)
    yield _exporter()


def _agents(topology: Topology) -> Workload:
    postgres = topology.service(Postgres)
    assert postgres is not None  # noqa: S101  settings.problems()
    return Workload(
        name="backup-agent",
        image="postgres",
        command=_SERVE,
        count=postgres.members,
        tier=Tier.DATA,
        beside="postgres",
        ports={"agent": Port(_PORT)},
        # Reading is all that a backup needs; a socket takes connections on a read-only mount too.
        volumes=(
            Volume("data", "/var/lib/postgresql", of="postgres", read_only=True),
            Volume("run", "/run/postgresql", of="postgres", read_only=True),
        ),
        limits=Limits(memory=256),
        probe=_ALIVE,
        reload=Reload(signal="SIGHUP"),
        log_format=_LOG,
    )


def _scheduler(settings: Settings, topology: Topology) -> Workload:
    return Workload(
        name="backup-scheduler",
        image="backup",
        command=("scheduler",),
        tier=Tier.BACKUP,
        beside="backup",
        ports={"metrics": Port(9855, "https")},
        uses=(Endpoint.parse(AGENT), *keepsakes.uses(settings, topology)),
        volumes=(Volume("repository", _REPOSITORY, of="backup"), Volume("drill", _DRILL)),
        jobs=(
            ScheduledJob("prepare", "@reboot", ("backup-prepare",)),
            *_backups(settings),
            # Where a backup is being taken it does nothing.
            ScheduledJob("retention", "30 * * * *", ("backup-retain",)),
            *keepsakes.jobs(settings, topology),
            # What one finds does not change within minutes, and a restore of all takes long.
            ScheduledJob("drill", settings.drill, ("backup-drill",), again=False),
            ScheduledJob("drill-older", settings.drill_older, ("backup-drill", "--older"), again=False),
        ),
        limits=Limits(memory=settings.memory, cpus=processes(topology)),
        probe=asks_https("https://localhost:9855/"),
        # An interrupted backup removes its lock and tells PostgreSQL.
        stop=Stop(seconds=30),
        # Each run reads pgbackrest.conf anew; the signal is for the certificate of the metrics.
        reload=Reload(signal="SIGHUP"),
        scrapes=(Scrape(job="scheduler"),),
        thresholds=tuple(_ages(settings)),
        # What its jobs print.
        log_format=_LOG,
        guard=_guard(settings, topology),
    )


def _guard(settings: Settings, topology: Topology) -> Guard | None:
    """None where the stack does not lead: who takes over is not kept waiting by a backup."""
    if not settings.before_deploy or topology.role is not Role.PRIMARY:
        return None
    return Guard(("backup",), of=(APPLICATION,), needs=_CHAIN)


def _backups(settings: Settings) -> Iterator[ScheduledJob]:
    """For each repository its own: what one refuses is tried again there alone."""
    for number, name in enumerate(settings.repositories):
        of = f"-{name}" if number else ""
        yield ScheduledJob(f"full{of}", settings.full, ("backup-take", "full", name))
        yield ScheduledJob(f"incremental{of}", settings.incremental, ("backup-take", "incr", name))


def _ages(settings: Settings) -> Iterator[Threshold]:
    """Seconds that the last backup may be old, and the last proof; a full one counts as one of any kind."""
    for alert, schedules in {
        "BackupFullTooOld": (settings.full,),
        "BackupTooOld": (settings.full, settings.incremental),
        "BackupUnproved": (settings.drill,),
    }.items():
        yield Threshold(alert, longest_pause(*schedules).total_seconds() + seconds(settings.late))


def _exporter() -> Workload:
    flags = ("--web.config.file=/etc/basalt/web.yml", "--collect.interval=60", "--log.format=json")
    return replace(
        exporter("backup", ("prometheus-pgbackrest-exporter", *flags), 9854, count=1),
        image="backup",
        volumes=(Volume("repository", _REPOSITORY, of="backup", read_only=True),),
        limits=Limits(memory=96, cpus=0.5),
    )


def processes(topology: Topology) -> int:
    """How many files are compressed at once: half of the smallest backup host's cores. Beyond 8 little is gained below
    a terabyte (postgres.ai, "PostgreSQL marathon 2-012", 2025)."""
    cores = min((host.cores for host in topology.hosts_of(Tier.BACKUP).values()), default=1)
    return max(1, min(8, cores // 2))


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`pgbackrest.conf` for each, and what else each reads."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    kind = instance.workload.name
    if kind == "backup-agent":
        yield File("pgbackrest.conf", site.render("backup/agent.conf.j2", clients=_names(site, "backup-scheduler")))
        return
    yield File(
        "pgbackrest.conf",
        _configuration(
            site,
            clients=_names(site, "postgres", "backup-agent") if kind == "backup" else (),
            agents=site.addresses(AGENT, instance) if kind == "backup-scheduler" else (),
        ),
    )
    if kind == "backup-scheduler":
        yield from _jobs(settings, instance)
        yield File("drill.conf", _configuration(site, restores=_DRILL))
        yield from keepsakes.files(settings, instance, site)
    yield File("repositories", "".join(f"{name}\n" for name in settings.repositories), reloads=False)
    if settings.s3 and settings.s3.authority:
        yield File("s3.crt", settings.s3.authority, reloads=False)
    if kind == "backup-exporter":
        yield File("web.yml", site.render("exporter/web.yml.j2"))


def _configuration(
    site: Site, clients: tuple[str, ...] = (), agents: tuple[Address, ...] = (), restores: str = ""
) -> str:
    """Of the repository; who asks it (`clients`), what it reads (`agents`), below what folder it `restores`."""
    settings = site.topology.service(Settings)
    return site.render(
        "backup/pgbackrest.conf.j2",
        stack=site.topology.name,
        s3=settings.s3 if settings else None,
        clients=clients,
        agents=agents,
        restores=restores,
        processes=processes(site.topology),
    )


def _jobs(settings: Settings, instance: Instance) -> Iterator[File]:
    """What is done when, and by which rules."""
    yield File("jobs.json", json.dumps([asdict(job) for job in instance.workload.jobs], indent=1), reloads=False)
    yield File("retention.json", json.dumps(keepsakes.policy(settings.keep), indent=1))
    yield File("assertions.json", json.dumps([one.model_dump() for one in settings.assertions], indent=1))


def _names(site: Site, *workloads: str) -> tuple[str, ...]:
    """The common names of the certificates of whole workloads."""
    return tuple(instance.name for workload in workloads for instance in site.of(workload))
