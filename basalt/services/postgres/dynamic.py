"""What lives in the DCS: the same for all members, changed by the provisioning task without touching a container."""

from dataclasses import asdict
from typing import Any

from basalt.services.pgbouncer.settings import Settings as Pooler
from basalt.services.postgres import extensions
from basalt.services.postgres.promise import solve
from basalt.services.postgres.settings import Settings
from basalt.services.postgres.tuning import Machine, Parameters, tune
from basalt.topology.model import Topology
from basalt.workload import Limits

#: Where a member's pgBackRest finds its repository.
PGBACKREST = "/etc/basalt/pgbackrest.conf"

#: Sessions that sort past the pooler at once: a migration, a backup, the exporter, two people. The rest of
#: RESERVED_CONNECTIONS are asleep.
_PAST_THE_POOLER = 5


def archives(settings: Settings, topology: Topology) -> bool:
    """Whether the write-ahead log goes to a repository."""
    return "backup" in topology.services if settings.archive is None else settings.archive


def configuration(settings: Settings, limits: Limits, topology: Topology) -> dict[str, Any]:
    """Patroni's dynamic configuration (its docs/dynamic_configuration.rst)."""
    return {
        **asdict(solve(topology.promise, settings.members)),
        "maximum_lag_on_failover": 1024 * 1024,
        # etcd gone: the primary stays as long as it reaches every member.
        "failsafe_mode": True,
        # A commit waits for a replica as long as there is one; the last member standing takes writes alone.
        "synchronous_mode": topology.promise.loss == "none" and settings.members > 1,
        "synchronous_mode_strict": False,
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": _parameters(settings, limits, topology),
        },
    }


def machine(settings: Settings, limits: Limits, topology: Topology) -> Machine:
    """What one member may use."""
    return Machine(
        memory=limits.memory,
        cores=limits.cpus,
        connections=settings.max_connections,
        active=_active(settings, topology),
        storage=settings.storage,
        workload=settings.workload,
        data_gb=settings.data_gb,
        wal_gb=settings.wal_gb,
        replicas=settings.members - 1,
    )


def _active(settings: Settings, topology: Topology) -> int | None:
    """Connections at work at once: what the pools let through, and people, migrations and roles past the pooler."""
    pooler = topology.service(Pooler)
    if pooler is None:
        return None
    pools = 2 * len(settings.databases) * pooler.members
    return min(settings.max_connections, pools * pooler.pool + _PAST_THE_POOLER)


def _parameters(settings: Settings, limits: Limits, topology: Topology) -> Parameters:
    declared = {name: database.extensions for name, database in settings.databases.items()}
    every = [extension for names in declared.values() for extension in names]
    return {
        **tune(machine(settings, limits, topology)),
        "max_connections": settings.max_connections,
        "shared_preload_libraries": extensions.libraries(every),
        **extensions.parameters(declared),
        **(_ARCHIVE if archives(settings, topology) else _NO_ARCHIVE),
        **_CONDUCT,
        **settings.parameters,
    }


#: Switched on in either case: a repository that is added later then needs no restart.
_NO_ARCHIVE: Parameters = {"archive_mode": "on", "archive_command": "/bin/true"}
_ARCHIVE: Parameters = {
    "archive_mode": "on",
    "archive_command": f"pgbackrest --config={PGBACKREST} --stanza=main archive-push %p",
    # At most this much is lost with all members at once.
    "archive_timeout": "60s",
}

_CONDUCT: Parameters = {
    "password_encryption": "scram-sha-256",
    "wal_level": "replica",
    # A client that opens a transaction and falls asleep would hold a pooled connection and keep vacuum from its work.
    "idle_in_transaction_session_timeout": "5min",
    # A peer that vanished without a word is noticed in half a minute, not after the kernel's two hours.
    "tcp_keepalives_idle": 15,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "client_connection_check_interval": "10s",
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
    "log_lock_waits": True,
    "log_min_duration_statement": "1s",
    # Values belong to the application's users.
    "log_parameter_max_length": 0,
    "log_autovacuum_min_duration": "10s",
    "log_temp_files": "64MB",
}
