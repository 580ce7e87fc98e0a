"""What people see of the stack from outside."""

from collections.abc import Iterator

from basalt.collect.panels import Panel, Unit, figure, trend

#: Routes are looked at with HTTP, certificates without.
_ROUTES = 'target=~"https?://.*"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _routes()
    yield _looks()
    yield _first_to_end()
    yield _uptime()
    yield _time()
    yield _phases()
    yield _certificates()


def _routes() -> Panel:
    return trend(
        "public routes that answer",
        "Looked at through the edge, as users come: 1 is an answer, 0 none.",
        Unit.RATIO,
        {"{{target}}": f"avg by (target) (probe_success{{{_ROUTES}}})"},
    )


def _looks() -> Panel:
    return figure(
        "looks that succeed",
        "Of all routes and certificates that are looked at.",
        Unit.RATIO,
        "avg(probe_success)",
    )


def _first_to_end() -> Panel:
    return figure(
        "first certificate to end",
        "Time until then. An `up` renews what is within certificates.renew days of its end.",
        Unit.SECONDS,
        "min(probe_ssl_earliest_cert_expiry) - time()",
    )


def _uptime() -> Panel:
    return figure(
        "uptime, seven days",
        "Share of the looks at public routes that were answered.",
        Unit.RATIO,
        f"avg(avg_over_time(probe_success{{{_ROUTES}}}[7d]))",
    )


def _time() -> Panel:
    return trend(
        "time of an answer",
        "From this host through the edge, connection and TLS included.",
        Unit.SECONDS,
        {"{{target}}": f"max by (target) (probe_duration_seconds{{{_ROUTES}}})"},
    )


def _phases() -> Panel:
    return trend(
        "where the time goes",
        "The slowest of all routes in each phase of a request.",
        Unit.SECONDS,
        {"{{phase}}": "max by (phase) (probe_http_duration_seconds)"},
    )


def _certificates() -> Panel:
    return trend(
        "certificates, time left",
        "The one of each service that ends first.",
        Unit.SECONDS,
        {"{{service}}": "min by (service) (probe_ssl_earliest_cert_expiry) - time()"},
    )
