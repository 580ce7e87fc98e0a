"""What people see of the logs; the lines themselves are found by `basalt logs`."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, stacked, trend

_ERRORS = 'logs_lines_total{level=~"error|fatal"}'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _errors()
    yield _fatal()
    yield _waiting()
    yield _kept()
    yield _lost()
    yield _lines()
    yield _levels()
    yield _delivered()
    yield _store()
    yield _searches()


def _errors() -> Panel:
    return trend(
        "errors",
        "Lines of level error or fatal, by who wrote them. More than one a second for ten minutes is trouble.",
        Unit.RATE,
        {"{{exported_service}}": f"sum by (exported_service) (rate({_ERRORS}[{WINDOW}])) or vector(0)"},
    )


def _fatal() -> Panel:
    return figure(
        "fatal",
        "Lines within an hour by which programs said that they cannot go on.",
        Unit.COUNT,
        'sum(increase(logs_lines_total{level="fatal"}[1h])) or vector(0)',
    )


def _waiting() -> Panel:
    return figure(
        "waiting", "Lines on the hosts that the store has not taken yet.", Unit.COUNT, "sum(syslogng_disk_queue_events)"
    )


def _kept() -> Panel:
    return figure(
        "cap",
        "Share of what the store may take. Above 0.9 the oldest days go before their time.",
        Unit.RATIO,
        "sum(vl_data_size_bytes) / sum(vl_max_disk_space_usage_bytes)",
    )


def _lost() -> Panel:
    return figure(
        "lost",
        "Lines within a day that were given up on their way.",
        Unit.COUNT,
        'sum(increase(syslogng_output_events_total{result="dropped"}[1d]))',
    )


def _lines() -> Panel:
    return stacked(
        "lines",
        "By who wrote them. Above 10,000 a second on one host some may be rotated away unread.",
        Unit.RATE,
        {"{{exported_service}}": f"sum by (exported_service) (rate(logs_lines_total[{WINDOW}]))"},
    )


def _levels() -> Panel:
    return stacked(
        "levels",
        "Lines by level; none: the line says no level.",
        Unit.RATE,
        {"{{level}}": f"sum by (level) (rate(logs_lines_total[{WINDOW}]))"},
    )


def _delivered() -> Panel:
    return trend(
        "handed on",
        "Lines that the store took from each host. Nothing while lines wait: the store is away.",
        Unit.RATE,
        {"{{host}}": f'sum by (host) (rate(syslogng_output_events_total{{result="delivered"}}[{WINDOW}]))'},
    )


def _store() -> Panel:
    return trend(
        "store",
        "What the lines take, and what they may take at most.",
        Unit.BYTES,
        {"taken": "sum(vl_data_size_bytes)", "cap": "sum(vl_max_disk_space_usage_bytes)"},
    )


def _searches() -> Panel:
    return trend(
        "searches",
        "Questions that people and programs asked.",
        Unit.RATE,
        {"{{path}}": f'sum by (path) (rate(vl_http_requests_total{{path=~"/select/.+"}}[{WINDOW}])) > 0 or vector(0)'},
    )
