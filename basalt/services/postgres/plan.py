"""Members under Patroni, the task that provisions roles and databases, and an exporter beside each member."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from basalt.services.postgres import roles
from basalt.services.postgres.settings import Settings
from basalt.services.postgres.tuning import Machine, tune
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    CONTROL,
    STACK,
    Certificate,
    Endpoint,
    File,
    Limits,
    Port,
    Probe,
    Reload,
    Scrape,
    SecretRef,
    Stop,
    Tier,
    Tmpfs,
    Volume,
    Workload,
)

SQL = Endpoint("postgres", "sql")
REST = Endpoint("postgres", "rest")
REPOSITORY = Endpoint("backup", "repository")
_CONTROL_CA = "/etc/basalt/tls/control/ca.crt"
_STACK_CA = "/etc/basalt/tls/stack/ca.crt"


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`postgres`, `postgres-provision`, `postgres-exporter`."""
    yield _members(settings, topology)
    yield _provision()
    yield _exporter(settings)


def _archives(topology: Topology) -> bool:
    return "backup" in topology.services


def _members(settings: Settings, topology: Topology) -> Workload:
    memory = settings.memory or max(256, topology.share(Tier.DATA, settings.members, fraction=0.4, most=65_536))
    cores = min((host.cores for host in topology.hosts_of(Tier.DATA).values()), default=1)
    return Workload(
        name="postgres",
        image="postgres",
        command=("patroni", "/etc/basalt/patroni.yml"),
        environment={"PATRONICTL_CONFIG_FILE": "/etc/basalt/patroni.yml", "LANG": "C.UTF-8"},
        count=settings.members,
        tier=Tier.DATA,
        ports={"sql": Port(5432), "rest": Port(8008, "https")},
        uses=(Endpoint("etcd", "client"), SQL, REST, *((REPOSITORY,) if _archives(topology) else ())),
        volumes=(Volume("data", "/var/lib/postgresql"), Volume("run", "/run/postgresql")),
        tmpfs=(Tmpfs("/tmp", 64),),  # noqa: S108
        limits=Limits(memory=memory, cpus=settings.cpus or cores),
        shared_memory=max(64, memory // 4),
        # 200 while PostgreSQL runs here, in whatever role; a replica that still copies is not healthy yet.
        probe=Probe(
            ("curl", "-fsS", "-o", "/dev/null", "--cacert", _CONTROL_CA, "https://localhost:8008/health"), grace=300
        ),
        stop=Stop(seconds=60),
        reload=Reload(signal="SIGHUP"),
        scrapes=(Scrape("rest", job="patroni"),),
    )


def _provision() -> Workload:
    return Workload(
        name="postgres-provision",
        image="postgres",
        command=("basalt-provision", "--document", "/etc/basalt/provision.json"),
        task=True,
        tier=Tier.DATA,
        uses=(SQL, REST),
        limits=Limits(memory=128),
        probe=None,
    )


def _exporter(settings: Settings) -> Workload:
    # The target differs between instances, which a command of the workload cannot say.
    exporter = "prometheus-postgres-exporter --web.config.file=/etc/basalt/web.yml"
    start = f'DATA_SOURCE_URI="$(cat /etc/basalt/target)" exec {exporter}'
    return Workload(
        name="postgres-exporter",
        image="exporter",
        command=("sh", "-c", start),
        environment={"DATA_SOURCE_USER": "monitor", "DATA_SOURCE_PASS_FILE": "/etc/basalt/secrets/monitor"},
        count=settings.members,
        tier=Tier.WATCH,
        beside="postgres",
        ports={"metrics": Port(9187, "https")},
        uses=(SQL,),
        limits=Limits(memory=64, cpus=0.25),
        probe=Probe(("curl", "-fsS", "-o", "/dev/null", "--cacert", _STACK_CA, "https://localhost:9187/")),
        scrapes=(Scrape(),),
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """A member speaks SQL as the stack, and to etcd and over REST as control; the provisioning task as control."""
    if instance.workload.name == "postgres":
        yield site.certificate(instance)
        yield site.certificate(instance, authority=CONTROL)
    elif instance.workload.task:
        yield site.certificate(instance, authority=CONTROL)
        yield Certificate(STACK, (instance.name,), key=False)
    else:
        yield site.certificate(instance)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Each workload's own."""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    if instance.workload.name == "postgres":
        yield from _member_files(settings, instance, site)
    elif instance.workload.task:
        yield from _provision_files(settings, instance, site)
    else:
        yield from _exporter_files(instance, site)


def _member_files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    yield File(
        "patroni.yml",
        site.render(
            "postgres/patroni.yml.j2",
            stack=site.topology.name,
            name=instance.name,
            etcd=site.addresses("etcd.client", instance),
            sql=site.address(instance, "sql"),
            rest=site.address(instance, "rest"),
            dynamic=yaml.safe_dump(_dynamic(settings, instance, site.topology), width=150).rstrip(),
        ),
    )
    if _archives(site.topology):
        (repository, *_) = site.addresses(str(REPOSITORY), instance)
        yield File("pgbackrest.conf", site.render("postgres/pgbackrest.conf.j2", repository=repository))


def _provision_files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    document = {
        "patroni": [f"https://{address}" for address in site.addresses(str(REST), instance)],
        "configuration": _dynamic(settings, site.of("postgres")[0], site.topology),
        "sql": [{"host": a.name, "port": a.port} for a in site.addresses(str(SQL), instance)],
        "roles": roles.desired_roles(settings.databases),
        "databases": roles.desired_databases(settings.databases),
    }
    yield File("provision.json", json.dumps(document, indent=2, sort_keys=True) + "\n")
    yield File("secrets/superuser", SecretRef("postgres/superuser"))
    for role, secret in roles.passwords(settings.databases):
        yield File(roles.password_file(role), SecretRef(secret))


def _exporter_files(instance: Instance, site: Site) -> Iterator[File]:
    address = site.addresses(str(SQL), instance)[instance.ordinal - 1]
    yield File("target", f"{address}/postgres?sslmode=verify-full&sslrootcert={_STACK_CA}\n")
    yield File("secrets/monitor", SecretRef("postgres/monitor"))
    yield File("web.yml", site.render("exporter/web.yml.j2"))


def _dynamic(settings: Settings, member: Instance, topology: Topology) -> dict[str, Any]:
    """What lives in the DCS: it changes by the provisioning task, without touching a container.

    Times are Patroni's defaults (docs/dynamic_configuration.rst)."""
    synchronous = topology.promise.loss == "none" and settings.members > 1
    return {
        "ttl": 30,
        "loop_wait": 10,
        "retry_timeout": 10,
        "maximum_lag_on_failover": 1024 * 1024,
        "failsafe_mode": True,
        "synchronous_mode": synchronous,
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": _parameters(settings, member.workload.limits, topology),
        },
    }


def _parameters(settings: Settings, limits: Limits, topology: Topology) -> dict[str, Any]:
    archive = "pgbackrest --config=/etc/basalt/pgbackrest.conf --stanza=main archive-push %p"
    return {
        **tune(Machine(limits.memory, limits.cpus, settings.max_connections)),
        "max_connections": settings.max_connections,
        "password_encryption": "scram-sha-256",
        "wal_level": "replica",
        "wal_log_hints": "on",  # pg_rewind needs it or checksums
        "max_slot_wal_keep_size": "4GB",  # a replica that is gone must not fill the disk
        "archive_mode": "on",
        "archive_timeout": "60s",
        "archive_command": archive if _archives(topology) else "/bin/true",
        # All three always: an extension that is declared later then needs no restart.
        "shared_preload_libraries": "pg_stat_statements,pg_cron,pgaudit",
        "cron.database_name": next(iter(settings.databases)),
        "log_checkpoints": "on",
        "log_lock_waits": "on",
        "log_min_duration_statement": "1s",
        "log_autovacuum_min_duration": "10s",
        "idle_in_transaction_session_timeout": "5min",
        **settings.parameters,
    }
