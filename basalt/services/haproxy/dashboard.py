"""What people see of haproxy."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend

_POOLS = 'proxy=~"primary|replicas"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _connections()
    yield _primary()
    yield _replicas()
    yield _taken()
    yield _servers()
    yield _new()
    yield _traffic()
    yield _checks()
    yield _errors()


def _connections() -> Panel:
    return trend(
        "connections",
        "Open to the primary and to the replicas, over all instances. PgBouncer keeps them open.",
        Unit.COUNT,
        {"{{proxy}}": f"sum by (proxy) (haproxy_backend_current_sessions{{{_POOLS}}})"},
    )


def _primary() -> Panel:
    return figure(
        "primaries seen",
        "The fewest that an instance knows: 1, or writes fail there. 0 for seconds is a failover.",
        Unit.COUNT,
        'min(haproxy_backend_active_servers{proxy="primary"})',
    )


def _replicas() -> Panel:
    return figure(
        "replicas seen",
        "The fewest that an instance knows. Without any, reads go to the primary.",
        Unit.COUNT,
        'min(haproxy_backend_active_servers{proxy="replicas"})',
    )


def _taken() -> Panel:
    return figure(
        "room for connections",
        "Share of its limit that the fullest instance has left.",
        Unit.RATIO,
        "1 - max(haproxy_process_current_connections / haproxy_process_max_connections)",
    )


def _servers() -> Panel:
    return trend(
        "connections to each member",
        "To what each member of the database is now. A failover moves the lines.",
        Unit.COUNT,
        {"{{proxy}} {{server}}": f"sum by (proxy, server) (haproxy_server_current_sessions{{{_POOLS}}})"},
    )


def _new() -> Panel:
    return trend(
        "new connections",
        "Opened to the database. Many mean that pools do not keep them.",
        Unit.RATE,
        {"{{proxy}}": f"sum by (proxy) (rate(haproxy_backend_sessions_total{{{_POOLS}}}[{WINDOW}]))"},
    )


def _traffic() -> Panel:
    return trend(
        "traffic",
        "To the database (in) and from it (out).",
        Unit.BYTE_RATE,
        {
            "{{proxy}} in": f"sum by (proxy) (rate(haproxy_backend_bytes_in_total{{{_POOLS}}}[{WINDOW}]))",
            "{{proxy}} out": f"sum by (proxy) (rate(haproxy_backend_bytes_out_total{{{_POOLS}}}[{WINDOW}]))",
        },
    )


def _checks() -> Panel:
    return trend(
        "time of a role check",
        "To ask each member whether it is the primary. What comes too late counts as no.",
        Unit.SECONDS,
        {"{{server}}": "max by (server) (haproxy_server_check_duration_seconds)"},
    )


def _errors() -> Panel:
    return trend(
        "connections that failed",
        "Refused by the database, or tried again at another member.",
        Unit.RATE,
        {
            "{{proxy}} failed": f"sum by (proxy) (rate(haproxy_backend_connection_errors_total{{{_POOLS}}}[{WINDOW}]))",
            "{{proxy}} again": f"sum by (proxy) (rate(haproxy_backend_retry_warnings_total{{{_POOLS}}}[{WINDOW}]))",
        },
    )
