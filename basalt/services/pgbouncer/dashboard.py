"""What people see of pgbouncer."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend

#: Its own console is a database too.
_OWN = 'database!="pgbouncer"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _queries()
    yield _waiting()
    yield _longest_wait()
    yield _room()
    yield _clients()
    yield _servers()
    yield _time()
    yield _waited()
    yield _traffic()


def _queries() -> Panel:
    return trend(
        "queries",
        "Passed to each database, over all instances.",
        Unit.RATE,
        {"{{database}}": f"sum by (database) (rate(pgbouncer_stats_queries_pooled_total{{{_OWN}}}[{WINDOW}]))"},
    )


def _waiting() -> Panel:
    return figure(
        "clients that wait",
        "Now, for a connection to the database. More than a few for long: the pool is too small or queries too slow.",
        Unit.COUNT,
        "sum(pgbouncer_pools_client_waiting_connections)",
    )


def _longest_wait() -> Panel:
    return figure(
        "longest wait",
        "Of the client that has waited longest until now. An alert fires at a second.",
        Unit.SECONDS,
        "max(pgbouncer_pools_client_maxwait_seconds)",
    )


def _room() -> Panel:
    return figure(
        "room for clients",
        "Share of max_client_conn that the fullest instance has left.",
        Unit.RATIO,
        "1 - max(pgbouncer_used_clients / pgbouncer_config_max_client_connections)",
    )


def _clients() -> Panel:
    return trend(
        "clients",
        "Connected to each database, those that do nothing included.",
        Unit.COUNT,
        {"{{database}}": f"sum by (database) (pgbouncer_pools_client_active_connections{{{_OWN}}})"},
    )


def _servers() -> Panel:
    return trend(
        "connections to the database",
        "At work, and at rest in the pool.",
        Unit.COUNT,
        {
            "{{database}} at work": f"sum by (database) (pgbouncer_pools_server_active_connections{{{_OWN}}})",
            "{{database}} at rest": f"sum by (database) (pgbouncer_pools_server_idle_connections{{{_OWN}}})",
        },
    )


def _time() -> Panel:
    spent = f"sum by (database) (rate(pgbouncer_stats_queries_duration_seconds_total{{{_OWN}}}[{WINDOW}]))"
    asked = f"sum by (database) (rate(pgbouncer_stats_queries_pooled_total{{{_OWN}}}[{WINDOW}]))"
    return trend(
        "time of a query",
        "In the database, on average, without the wait for a connection.",
        Unit.SECONDS,
        {"{{database}}": f"{spent} / ({asked} > 0) or 0 * {asked}"},
    )


def _waited() -> Panel:
    return trend(
        "time waited",
        "Of all clients together, each second: 1 means that one client is always waiting.",
        Unit.NUMBER,
        {"{{database}}": f"sum by (database) (rate(pgbouncer_stats_client_wait_seconds_total{{{_OWN}}}[{WINDOW}]))"},
    )


def _traffic() -> Panel:
    return trend(
        "traffic",
        "From clients (in) and to them (out).",
        Unit.BYTE_RATE,
        {
            "{{database}} in": f"sum by (database) (rate(pgbouncer_stats_received_bytes_total{{{_OWN}}}[{WINDOW}]))",
            "{{database}} out": f"sum by (database) (rate(pgbouncer_stats_sent_bytes_total{{{_OWN}}}[{WINDOW}]))",
        },
    )
