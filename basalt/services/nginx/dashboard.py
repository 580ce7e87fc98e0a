"""What people see of the edge."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, stacked, trend


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _requests()
    yield _instances()
    yield _open()
    yield _dropped()
    yield _connections()
    yield _new()
    yield _per_connection()


def _requests() -> Panel:
    return trend(
        "requests",
        "Of everybody at each instance, refused ones and probes included.",
        Unit.RATE,
        {"{{subject}}": f"rate(nginx_http_requests_total[{WINDOW}])"},
    )


def _instances() -> Panel:
    return figure("instances that answer", "Users come to any of them.", Unit.COUNT, "sum(nginx_up)")


def _open() -> Panel:
    return figure(
        "connections",
        "Open now, over all instances. A worker has room for about 4096.",
        Unit.COUNT,
        "sum(nginx_connections_active)",
    )


def _dropped() -> Panel:
    accepted, handled = (f"increase(nginx_connections_{kind}[1h])" for kind in ("accepted", "handled"))
    return figure(
        "dropped, last hour",
        "Connections that got no answer because a worker had no room. More than none is bad.",
        Unit.COUNT,
        f"sum({accepted} - {handled})",
    )


def _connections() -> Panel:
    states = ("reading", "writing", "waiting")
    return stacked(
        "connections, by what they do",
        "Reading a request, writing an answer (streams write for hours), or waiting for the next request.",
        Unit.COUNT,
        {state: f"sum(nginx_connections_{state})" for state in states},
    )


def _new() -> Panel:
    return trend(
        "new connections",
        "Accepted by each instance. Each costs a TLS handshake.",
        Unit.RATE,
        {"{{subject}}": f"rate(nginx_connections_accepted[{WINDOW}])"},
    )


def _per_connection() -> Panel:
    requests, accepted = (
        f"sum by (subject) (rate(nginx_{what}[{WINDOW}]))" for what in ("http_requests_total", "connections_accepted")
    )
    return trend(
        "requests in a connection",
        "On average. Few mean that clients do not keep connections, and that handshakes take the time.",
        Unit.NUMBER,
        {"{{subject}}": f"{requests} / ({accepted} > 0)"},
    )
