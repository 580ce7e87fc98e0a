"""What people see of postgres."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, stacked, trend

#: Of the databases of the stack, not those that every server has.
_OWN = 'datname!~"postgres|template.*"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _transactions()
    yield _primary()
    yield _members()
    yield _lag()
    yield _connections()
    yield _cache()
    yield _log()
    yield _locks()
    yield _longest()
    yield _rows()
    yield _size()
    yield _trouble()


def _transactions() -> Panel:
    commits = f"sum by (subject) (rate(pg_stat_database_xact_commit[{WINDOW}]))"
    rollbacks = f"sum by (subject) (rate(pg_stat_database_xact_rollback[{WINDOW}]))"
    return trend(
        "transactions",
        "Ended by each member; reads on replicas count. Many that were rolled back mean that requests fail.",
        Unit.RATE,
        {"{{subject}}": commits, "{{subject}} rolled back": rollbacks},
    )


def _primary() -> Panel:
    return figure(
        "primary",
        "The member that takes writes. None for more than half a minute is a failure.",
        Unit.NAME,
        "patroni_primary == 1",
        "{{subject}}",
    )


def _members() -> Panel:
    return figure(
        "replicas that stream",
        "Members that follow the primary without a gap: what a failover can choose from.",
        Unit.COUNT,
        "sum(patroni_postgres_streaming)",
    )


def _lag() -> Panel:
    replica = "pg_replication_is_replica == 1"
    return trend(
        "replicas behind",
        "Age of what a replica shows. Reads from it show the past, and a failover to it would lose that much.",
        Unit.SECONDS,
        {"{{subject}}": f"max by (subject) (pg_replication_lag_seconds and on (instance) {replica})"},
    )


def _connections() -> Panel:
    limit = "max by (subject) (pg_settings_max_connections)"
    return trend(
        "connections taken",
        "Of max_connections. At the limit new ones are refused; the pools fit below it by design.",
        Unit.RATIO,
        {"{{subject}}": f"sum by (subject) (pg_stat_database_numbackends) / {limit}"},
    )


def _cache() -> Panel:
    hit = f"sum by (subject) (rate(pg_stat_database_blks_hit{{{_OWN}}}[{WINDOW}]))"
    read = f"sum by (subject) (rate(pg_stat_database_blks_read{{{_OWN}}}[{WINDOW}]))"
    return trend(
        "pages found in memory",
        "Of all that queries asked for; the rest came from the kernel's cache or the disk. Below 99 % it gets slow.",
        Unit.RATIO,
        {"{{subject}}": f"{hit} / ({hit} + {read} > 0)"},
    )


def _log() -> Panel:
    return trend(
        "write-ahead log kept",
        "On disk at each member. It grows while archiving fails or a slot is not read, until the disk is full.",
        Unit.BYTES,
        {"{{subject}}": "pg_wal_size_bytes"},
    )


def _locks() -> Panel:
    return stacked(
        "locks",
        "Held or waited for, by mode. Exclusive ones that stay mean a migration or a forgotten transaction.",
        Unit.COUNT,
        {"{{mode}}": "sum by (mode) (pg_locks_count)"},
    )


def _longest() -> Panel:
    return trend(
        "longest transaction",
        "Of users, in each member. While it lasts, vacuum cannot remove what it may still see.",
        Unit.SECONDS,
        {"{{subject}}": 'max by (subject) (pg_stat_activity_max_tx_duration{backend_type="client backend"})'},
    )


def _rows() -> Panel:
    changes = {kind: f"sum(rate(pg_stat_database_tup_{kind}[{WINDOW}]))" for kind in ("inserted", "updated", "deleted")}
    return stacked("rows changed", "In all databases, as the primary counts them.", Unit.RATE, changes)


def _size() -> Panel:
    return trend(
        "size of databases",
        "On disk with indexes and what vacuum has not given back, without the log.",
        Unit.BYTES,
        {"{{datname}}": f"max by (datname) (pg_database_size_bytes{{{_OWN}}})"},
    )


def _trouble() -> Panel:
    return trend(
        "deadlocks and spills",
        "Deadlocks, and files that queries wrote because work_mem was too small. Both should be rare.",
        Unit.RATE,
        {
            "deadlocks": f"sum(rate(pg_stat_database_deadlocks[{WINDOW}]))",
            "files": f"sum(rate(pg_stat_database_temp_files[{WINDOW}]))",
        },
    )
