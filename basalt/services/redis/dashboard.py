"""What people see of redis."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _commands()
    yield _master()
    yield _sentinels()
    yield _memory()
    yield _clients()
    yield _hits()
    yield _gone_early()
    yield _replication()
    yield _slow_commands()


def _master() -> Panel:
    return figure(
        "master",
        "The member that takes writes. None for more than seconds, or two, is a failure.",
        Unit.NAME,
        'redis_instance_info{role="master"}',
        "{{subject}}",
    )


def _sentinels() -> Panel:
    return figure(
        "sentinels that agree",
        "The fewest that any sentinel finds well, itself included. Without a majority nobody elects another master.",
        Unit.COUNT,
        "min(redis_sentinel_master_ok_sentinels)",
    )


def _commands() -> Panel:
    return trend(
        "commands",
        "What each member is asked for. Replicas repeat the writes of the master.",
        Unit.RATE,
        {"{{subject}}": f'rate(redis_commands_processed_total{{job="redis"}}[{WINDOW}])'},
    )


def _memory() -> Panel:
    return trend(
        "memory taken",
        "Of `maxmemory`, not of the container. At the limit keys go before their time, then writes are refused.",
        Unit.RATIO,
        {"{{subject}}": 'redis_memory_used_bytes{job="redis"} / (redis_memory_max_bytes{job="redis"} > 0)'},
    )


def _clients() -> Panel:
    return trend(
        "clients",
        "Connections to each member. All move to another one after a failover.",
        Unit.COUNT,
        {"{{subject}}": 'redis_connected_clients{job="redis"}'},
    )


def _hits() -> Panel:
    found = f'sum by (subject) (rate(redis_keyspace_hits_total{{job="redis"}}[{WINDOW}]))'
    missed = f'sum by (subject) (rate(redis_keyspace_misses_total{{job="redis"}}[{WINDOW}]))'
    return trend(
        "keys asked for",
        "Those that were there and those that were not, of all uses alike; the application counts its caches itself.",
        Unit.RATE,
        {"{{subject}} there": found, "{{subject}} not there": missed},
    )


def _gone_early() -> Panel:
    return trend(
        "keys that went",
        "Expired: their time was over. Evicted: there was no room for them, and what is asked next is slower.",
        Unit.RATE,
        {
            "{{subject}} evicted": f'rate(redis_evicted_keys_total{{job="redis"}}[{WINDOW}])',
            "{{subject}} expired": f'rate(redis_expired_keys_total{{job="redis"}}[{WINDOW}])',
        },
    )


def _replication() -> Panel:
    return trend(
        "replicas behind",
        "Bytes of the master's stream that a replica does not have yet: what a failover now would lose.",
        Unit.BYTES,
        {"{{slave_ip}}": "redis_master_repl_offset - on (instance) group_right () redis_connected_slave_offset_bytes"},
    )


def _slow_commands() -> Panel:
    spent = f'sum by (subject) (rate(redis_commands_duration_seconds_total{{job="redis"}}[{WINDOW}]))'
    asked = f'sum by (subject) (rate(redis_commands_total{{job="redis"}}[{WINDOW}]))'
    return trend(
        "time of a command",
        "Inside the server, on average. A rise means large keys or commands that walk over all of them.",
        Unit.SECONDS,
        {"{{subject}}": f"{spent} / ({asked} > 0)"},
    )
