"""What people see of the status page, and of what it tells."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend

_ROUTES = 'target=~"https://.+"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _served()
    yield _uptime()
    yield _incidents()
    yield _written()
    yield _data()
    yield _turn()
    yield _answers()


def _served() -> Panel:
    return trend(
        "public routes that serve users",
        "As the page tells it: the share of the ways in that answered. Below 1 for two looks in a row is an incident.",
        Unit.RATIO,
        {"{{target}}": f"avg by (target) (avg_over_time(probe_success{{{_ROUTES}}}[{WINDOW}]))"},
    )


def _uptime() -> Panel:
    return figure(
        "uptime of the month",
        "Of the known time, by component. What is promised: services.app.slo.availability.",
        Unit.RATIO,
        "max by (component) (statuspage_uptime_ratio)",
        "{{component}}",
    )


def _incidents() -> Panel:
    return figure(
        "incidents that last",
        "Of routes that do not answer, and of alerts that users notice.",
        Unit.COUNT,
        "max(statuspage_incidents)",
    )


def _written() -> Panel:
    return trend(
        "age of the pages",
        "Beyond a minute the server tells people that nobody renews them.",
        Unit.SECONDS,
        {"{{subject}}": "time() - max by (subject) (statuspage_written_timestamp_seconds)"},
    )


def _data() -> Panel:
    return trend(
        "age of what it knows",
        "Since a public route was last looked at. Beyond half a minute people read: No data.",
        Unit.SECONDS,
        {"{{subject}}": "time() - max by (subject) (statuspage_data_timestamp_seconds)"},
    )


def _turn() -> Panel:
    return trend(
        "time to ask and to write",
        "Each turn, every five seconds. Longer ones are waits for Prometheus.",
        Unit.SECONDS,
        {"{{subject}}": "max by (subject) (statuspage_turn_duration_seconds)"},
    )


def _answers() -> Panel:
    return trend(
        "time of an answer",
        "Of each public route to a look, database and Redis included where the application asks them.",
        Unit.SECONDS,
        {"{{target}}": f"max by (target) (probe_duration_seconds{{{_ROUTES}}})"},
    )
