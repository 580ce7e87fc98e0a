"""Members under Patroni, the task that provisions roles and databases, and an exporter beside each member."""

import json
from collections.abc import Iterator
from dataclasses import replace

import yaml

from basalt.services.backup.settings import Settings as Backup
from basalt.services.postgres import roles
from basalt.services.postgres.dynamic import archives, configuration, machine
from basalt.services.postgres.parameters import Value, takes_restart
from basalt.services.postgres.promise import told
from basalt.services.postgres.settings import Settings
from basalt.services.postgres.tuning import told as warned
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    CONTROL,
    FILES,
    STACK,
    Certificate,
    Endpoint,
    File,
    Limits,
    LogFormat,
    Port,
    Reload,
    Scrape,
    SecretRef,
    Settle,
    Stop,
    Tier,
    Tmpfs,
    Volume,
    Workload,
    asks_https,
    exporter,
)

PROVISION = "postgres-provision"
SQL = Endpoint("postgres", "sql")
REST = Endpoint("postgres", "rest")
ETCD = Endpoint("etcd", "client")
REPOSITORY = Endpoint("backup", "repository")

#: PostgreSQL's lines (log_line_prefix is in dynamic.py). FATAL ends a session.
_LOG = LogFormat(
    r"^\S+ \S+ \S+ \[\d+\] .*?(?P<level>DEBUG[1-5]|INFO|NOTICE|LOG|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|CONTEXT"
    r"|STATEMENT|QUERY|LOCATION):  (?P<message>.*)",
    (
        *((word, "info") for word in ("DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION")),
        ("FATAL", "error"),
    ),
)
_SECRETS = f"{FILES}/secrets"
_STACK_CA = f"{FILES}/tls/stack/ca.crt"
_EXPORTER_FLAGS = (
    f"--web.config.file={FILES}/web.yml",
    "--config.file=/dev/null",
    "--log.format=json",
    "--collector.database_wraparound",
)


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`postgres`, `postgres-provision`, `postgres-exporter`."""
    members = _members(settings, topology)
    yield members
    yield Workload(
        name=PROVISION,
        image="postgres",
        command=("basalt-provision", f"{FILES}/provision.json"),
        task=True,
        tier=Tier.DATA,
        uses=(SQL, REST),
        limits=Limits(memory=128),
        probe=None,
        settle=_settle(configuration(settings, members.limits, topology)["postgresql"]["parameters"]),
    )
    yield _exporter(settings)


def _settle(parameters: dict[str, Value]) -> Settle:
    """Members are restarted from outside, where clients can be kept waiting meanwhile."""
    found: dict[str, dict[str, str]] = {"takes_reload": {}, "takes_restart": {}}
    for name, value in sorted(parameters.items()):
        found["takes_restart" if takes_restart(name) else "takes_reload"][name] = str(value)
    return Settle(command=("restart", "--yes"), of="postgres", unless="nobody has to be restarted", parameters=found)


def _members(settings: Settings, topology: Topology) -> Workload:
    memory = settings.memory or _memory(settings, topology)
    limits = Limits(memory=memory, cpus=settings.cpus or _cores(topology), weight=8)
    return Workload(
        name="postgres",
        image="postgres",
        command=("postgres-member",),
        environment={
            "PATRONICTL_CONFIG_FILE": f"{FILES}/patroni.yml",
            "LANG": "C.UTF-8",
            "RESERVE_MIB": str(settings.reserve),
        },
        count=settings.members,
        tier=Tier.DATA,
        ports={"sql": Port(5432), "rest": Port(8008, "https", CONTROL)},
        uses=(ETCD, SQL, REST, *((REPOSITORY,) if archives(settings, topology) else ())),
        volumes=(Volume("data", "/var/lib/postgresql"), Volume("run", "/run/postgresql")),
        tmpfs=(Tmpfs("/tmp", 64),),  # noqa: S108
        limits=limits,
        shared_memory=max(64, memory // 4),
        # 200 while PostgreSQL runs here, in whatever role; a replica that still copies is not healthy yet.
        probe=replace(asks_https("https://localhost:8008/health", CONTROL), grace=600),
        # Open transactions are ended, the rest is a checkpoint; then a replica that has all of it takes over.
        stop=Stop(seconds=60),
        # It comes with the files, so that it fits them while the container still is of the image before.
        reload=Reload((f"{FILES}/reload",)),
        scrapes=(Scrape("rest", job="patroni"),),
        note="; ".join(filter(None, (_promised(settings, topology), warned(machine(settings, limits, topology))))),
        log_format=_LOG,
    )


def _promised(settings: Settings, topology: Topology) -> str:
    return told(topology.promise, settings.members, fenced="fencer" in topology.services)


def _memory(settings: Settings, topology: Topology) -> int:
    """MiB for a member: most of a host that carries nothing but the database and what it elects by."""
    tiers = {tier for host in topology.hosts_of(Tier.DATA).values() for tier in host.tiers}
    fraction = 0.6 if tiers <= {Tier.DATA, Tier.CONTROL} else 0.3
    return max(256, topology.share(Tier.DATA, settings.members, fraction, most=1 << 20))


def _cores(topology: Topology) -> int:
    return min((host.cores for host in topology.hosts_of(Tier.DATA).values()), default=1)


def _exporter(settings: Settings) -> Workload:
    return replace(
        exporter("postgres", ("prometheus-postgres-exporter", *_EXPORTER_FLAGS), 9187, settings.members),
        environment={
            "DATA_SOURCE_USER": "monitor",
            "DATA_SOURCE_URI_FILE": f"{FILES}/target",
            "DATA_SOURCE_PASS_FILE": f"{_SECRETS}/{roles.CLUSTER['monitor']}",
        },
        uses=(SQL,),
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """A member speaks SQL as the stack; to etcd and over REST as control, and so does the provisioning task."""
    if not instance.workload.task:
        yield site.certificate(instance)
    if instance.workload.name in ("postgres", PROVISION):
        yield site.certificate(instance, authority=CONTROL)
    if instance.workload.task:
        yield Certificate(STACK, (instance.name,), key=False)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Each workload's own."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    kinds = {"postgres": _member_files, PROVISION: _provision_files, "postgres-exporter": _exporter_files}
    yield from kinds[instance.workload.name](settings, instance, site)


def _member_files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    text = site.render(
        "postgres/patroni.yml.j2",
        stack=site.topology.name,
        name=instance.name,
        etcd=site.addresses(str(ETCD), instance),
        sql=site.address(instance, "sql"),
        rest=site.address(instance, "rest"),
        dynamic=yaml.safe_dump(configuration(settings, instance.workload.limits, site.topology), width=150).rstrip(),
        admissions=list(roles.admissions(settings.databases, _dumped(site))),
        provisioners=[task.name for task in site.of(PROVISION)],
    )
    yield File("patroni.yml", text)
    yield File("reload", site.render("postgres/reload.sh.j2"), executable=True)
    if archives(settings, site.topology):
        (repository, *_) = site.addresses(str(REPOSITORY), instance)
        backup = site.topology.service(Backup)
        assert backup is not None  # noqa: S101  archives() says so
        config = {"repository": repository, "repositories": len(backup.repositories)}
        restores = max(1, round(instance.workload.limits.cpus))
        yield File("pgbackrest.conf", site.render("postgres/pgbackrest.conf.j2", restores=restores, **config))


def _provision_files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    (member, *_) = site.of("postgres")
    document = {
        "patroni": [f"https://{address}" for address in site.addresses(str(REST), instance)],
        "configuration": configuration(settings, member.workload.limits, site.topology),
        "sql": [{"host": address.name, "port": address.port} for address in site.addresses(str(SQL), instance)],
        "roles": roles.desired_roles(settings.databases, _SECRETS, _dumped(site)),
        "databases": roles.desired_databases(settings.databases, _dumped(site)),
    }
    yield File("provision.json", json.dumps(document, indent=2, sort_keys=True) + "\n")
    for secret in roles.passwords(settings.databases, _dumped(site)).values():
        yield File(f"secrets/{secret}", SecretRef(secret))


def _dumped(site: Site) -> tuple[str, ...]:
    """Databases of which logical dumps are kept."""
    backup = site.topology.service(Backup)
    return backup.keepsakes.dumps if backup else ()


def _exporter_files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    address = site.addresses(str(SQL), instance)[instance.ordinal - 1]
    yield File("target", f"{address}/postgres?sslmode=verify-full&sslrootcert={_STACK_CA}", reloads=False)
    yield File(f"secrets/{roles.CLUSTER['monitor']}", SecretRef(roles.CLUSTER["monitor"]), reloads=False)
    yield File("web.yml", site.render("exporter/web.yml.j2"))
