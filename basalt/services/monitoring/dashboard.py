"""What people see of the metrics themselves."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, trend

#: Exporters and what stands beside Prometheus are told by what they are, not by name.
_WATCHES = 'workload=~".+-exporter|prometheus"'


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _up()
    yield _gone()
    yield _kept()
    yield _failed()
    yield _series()
    yield _samples()
    yield _slow_scrapes()
    yield _rules()
    yield _queries()
    yield _memory()
    yield _processors()


def _up() -> Panel:
    return trend(
        "targets that answer",
        "Share of each service's instances and exporters that can be scraped.",
        Unit.RATIO,
        {"{{service}}": "avg by (service) (up)"},
    )


def _gone() -> Panel:
    return figure(
        "targets that do not",
        "Instances and exporters that cannot be scraped now.",
        Unit.COUNT,
        "count(up == 0) or vector(0)",
    )


def _kept() -> Panel:
    return figure(
        "storage taken",
        "Share of services.monitoring.storage_gb. At 1 the oldest samples go before retention_days are over.",
        Unit.RATIO,
        "max((prometheus_tsdb_storage_blocks_bytes + prometheus_tsdb_wal_storage_size_bytes)"
        " / prometheus_tsdb_retention_limit_bytes)",
    )


def _failed() -> Panel:
    return figure(
        "rules that failed, last hour",
        "Evaluations of rules that ended with an error: their alerts may stay silent.",
        Unit.COUNT,
        "sum(increase(prometheus_rule_evaluation_failures_total[1h]))",
    )


def _series() -> Panel:
    return trend(
        "series",
        "Kept in memory. A label with ever new values makes it climb, and memory with it.",
        Unit.COUNT,
        {"{{subject}}": "prometheus_tsdb_head_series"},
    )


def _samples() -> Panel:
    return trend(
        "samples taken in",
        "From all scrapes and rules.",
        Unit.RATE,
        {"{{subject}}": f"sum by (subject) (rate(prometheus_tsdb_head_samples_appended_total[{WINDOW}]))"},
    )


def _slow_scrapes() -> Panel:
    return trend(
        "slowest scrapes",
        "Of each of the five slowest services, its slowest target. Beyond ten seconds a target counts as gone.",
        Unit.SECONDS,
        {"{{service}}": "topk(5, max by (service) (scrape_duration_seconds))"},
    )


def _rules() -> Panel:
    return trend(
        "time of rules",
        "Of the last evaluation of each service's rules. It must stay far below the interval.",
        Unit.SECONDS,
        {"{{rule_group}}": "max by (rule_group) (prometheus_rule_group_last_duration_seconds)"},
    )


def _queries() -> Panel:
    return trend(
        "time of queries",
        "Nine of ten queries of dashboards, rules and `basalt status` are computed within it.",
        Unit.SECONDS,
        {"{{slice}}": 'max by (slice) (prometheus_engine_query_duration_seconds{quantile="0.9"} >= 0)'},
    )


def _memory() -> Panel:
    return trend(
        "memory of those that watch",
        "Resident, of everything that only looks at others: it should stay small beside what it looks at.",
        Unit.BYTES,
        {"{{workload}}": f"sum by (workload) (process_resident_memory_bytes{{{_WATCHES}}})"},
    )


def _processors() -> Panel:
    return trend(
        "processors of those that watch",
        "Cores that they take, those beside each instance included.",
        Unit.NUMBER,
        {"{{workload}}": f"sum by (workload) (rate(process_cpu_seconds_total{{{_WATCHES}}}[{WINDOW}]))"},
    )
