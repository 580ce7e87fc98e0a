"""What people see of those who look at dashboards."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend

_COUNTED = "grafana_http_request_duration_seconds_count"
_QUESTIONS = 'handler=~"/api/ds/query/?"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _requests()
    yield _failed()
    yield _errors()
    yield _questions()
    yield _slowness()
    yield _memory()
    yield _processors()


def _requests() -> Panel:
    return trend(
        "requests",
        "Of people, programs, probes and scrapes, by the code of the answer. 5xx are failures.",
        Unit.RATE,
        {"{{status_code}}": f"sum by (status_code) (rate({_COUNTED}[{WINDOW}]))"},
    )


def _failed() -> Panel:
    return figure(
        "questions that failed, last hour",
        "Of panels, answered with an error: they stay empty.",
        Unit.COUNT,
        f'sum(increase({_COUNTED}{{{_QUESTIONS}, status_code!~"2.."}}[1h])) or vector(0)',
    )


def _errors() -> Panel:
    return figure(
        "errors, last hour",
        "Requests that Grafana itself could not serve.",
        Unit.COUNT,
        f'sum(increase({_COUNTED}{{status_code=~"5.."}}[1h])) or vector(0)',
    )


def _questions() -> Panel:
    return trend(
        "questions",
        "What panels ask of the metrics. None while nobody looks.",
        Unit.RATE,
        {"{{subject}}": f"sum by (subject) (rate({_COUNTED}{{{_QUESTIONS}}}[{WINDOW}])) or vector(0)"},
    )


def _slowness() -> Panel:
    buckets = f"sum by (le) (rate(grafana_http_request_duration_seconds_bucket[{WINDOW}]))"
    return trend(
        "time of the slowest twentieth",
        "95 of 100 requests are answered within it (p95).",
        Unit.SECONDS,
        {"all": f"histogram_quantile(0.95, {buckets})"},
    )


def _memory() -> Panel:
    return trend(
        "memory",
        "Resident, of the process. Its limit is services.grafana.memory.",
        Unit.BYTES,
        {"{{subject}}": 'process_resident_memory_bytes{job="grafana"}'},
    )


def _processors() -> Panel:
    return trend(
        "processors",
        "Cores that the process takes. Its start takes one for some seconds.",
        Unit.NUMBER,
        {"{{subject}}": f'rate(process_cpu_seconds_total{{job="grafana"}}[{WINDOW}])'},
    )
