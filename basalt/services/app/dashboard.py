"""What people see of the application."""

from collections.abc import Iterator

from basalt.collect.panels import WINDOW, Panel, Unit, figure, stacked, trend


def panels() -> Iterator[Panel]:
    """The first stands on the overview too."""
    yield _requests()
    yield _orders()
    yield _waiting()
    yield _dead()
    yield _streams()
    yield _errors()
    yield _slowness()
    yield _queues()
    yield _jobs()
    yield _caches()
    yield _pools()
    yield _budgets()
    yield _burn()


def _requests() -> Panel:
    return trend(
        "requests",
        "Answered by each part, without probes and scrapes.",
        Unit.RATE,
        {"{{workload}}": "workload:http_requests:rate5m"},
    )


def _orders() -> Panel:
    return figure(
        "orders",
        "Placed within five minutes; a repeated request counts once.",
        Unit.RATE,
        "sum(rate(orders_total[5m]))",
    )


def _waiting() -> Panel:
    # Every replica reports every queue: the maximum, not the sum.
    return figure(
        "jobs that wait",
        "In all queues, those put off for a retry included.",
        Unit.COUNT,
        "sum(max by (queue) (queue_depth))",
    )


def _dead() -> Panel:
    return figure(
        "dead letters",
        "Jobs given up after their last retry: something a user was promised did not happen.",
        Unit.COUNT,
        "sum(max by (queue) (queue_dead))",
    )


def _streams() -> Panel:
    return figure(
        "open streams",
        "Clients that listen for events: WebSockets and server-sent events.",
        Unit.COUNT,
        "sum(websockets_open) + sum(sse_open)",
    )


def _errors() -> Panel:
    return trend(
        "errors",
        "Share of the requests that were answered with 5xx. Alerts begin at 2 %.",
        Unit.RATIO,
        {"{{workload}}": "workload:http_request_errors:ratio_rate5m or 0 * workload:http_requests:rate5m"},
    )


def _slowness() -> Panel:
    return trend(
        "time of the slowest twentieth",
        "95 of 100 requests are answered within it (p95). Alerts begin at half a second.",
        Unit.SECONDS,
        {"{{workload}}": "workload:http_request_duration_seconds:p95_rate5m"},
    )


def _queues() -> Panel:
    return stacked(
        "jobs that wait, by queue",
        "A queue that grows has too few workers, or jobs that fail and are tried again.",
        Unit.COUNT,
        {"{{queue}}": "max by (queue) (queue_depth)"},
    )


def _jobs() -> Panel:
    return trend(
        "jobs",
        "By outcome: done, repeated (had been done before), failed (will be tried again), dead (given up).",
        Unit.RATE,
        {"{{outcome}}": f"sum by (outcome) (rate(jobs_total[{WINDOW}]))"},
    )


def _caches() -> Panel:
    return trend(
        "cache hits",
        "Share of the reads within half an hour that needed no database. Below 80 % under load an alert fires.",
        Unit.RATIO,
        {"{{cache}}": "cache:hits:ratio_rate30m"},
    )


def _pools() -> Panel:
    return trend(
        "database connections",
        "Of all replicas: held, and requests that wait for one. Waiting for long means that the pool is too small.",
        Unit.COUNT,
        {
            "{{pool}}": 'sum by (pool) (database_pool{kind="pool_size"})',
            "{{pool}}, waiting": 'sum by (pool) (database_pool{kind="requests_waiting"})',
        },
    )


def _budgets() -> Panel:
    spent = "slo:errors:ratio_rate3d / (1 - slo:objective:ratio) or 0 * slo:objective:ratio"
    return trend(
        "error budget left",
        "Of three days, for each promise in services.app.slo. Below 0 the promise is broken: no risky changes.",
        Unit.RATIO,
        {"{{slo}}": f"1 - ({spent})"},
    )


def _burn() -> Panel:
    def pace(hours: str) -> str:
        return f"slo:errors:ratio_rate{hours} / (1 - slo:objective:ratio) or 0 * slo:objective:ratio"

    return trend(
        "burn rate",
        "Times the pace that would just use up the budget. Alerts fire at 14.4 over an hour and at 6 over six.",
        Unit.NUMBER,
        {"{{slo}}, 1h": pace("1h"), "{{slo}}, 6h": pace("6h")},
    )
