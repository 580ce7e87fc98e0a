"""Everything that Prometheus scrapes, in one place."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from shop.breaker import Breaker
    from shop.database import Database

__all__ = ["CONTENT_TYPE_LATEST", "generate_latest"]

# A second series for each counter that nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = Histogram(
    "http_request_duration_seconds",
    "Time to answer a request; streams are not counted.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0),
)
IN_PROGRESS = Gauge("http_requests_in_progress", "Requests being answered now.")
ORDERS = Counter("orders", "Orders placed; a repeated request counts once.")
CACHE_HITS = Counter("cache_hits", "Reads served from the cache.", ["cache"])
CACHE_MISSES = Counter("cache_misses", "Reads served from the database.", ["cache"])
WEBSOCKETS = Gauge("websockets_open", "WebSocket clients connected to this replica.")
STREAMS = Gauge("sse_open", "Server-sent-event clients connected to this replica.")
EVENTS = Counter("events_delivered", "Events handed to clients of this replica.")
SUBSCRIBED = Gauge("events_subscribed", "1 while this replica receives events from Redis.")
QUEUE_DEPTH = Gauge("queue_depth", "Jobs waiting, those put off for a retry included.", ["queue"])
QUEUE_DEAD = Gauge("queue_dead", "Jobs given up after the last retry.", ["queue"])
JOBS = Counter("jobs", "Jobs by outcome: done, repeated (had been done), failed, dead.", ["queue", "outcome"])
JOB_SECONDS = Histogram("job_duration_seconds", "Time to do a job.", ["queue"])
JOBS_DEFERRED = Counter("jobs_deferred", "Jobs that Redis did not take at once; the sweep sends them.", ["queue"])
JOBS_RESENT = Counter("jobs_resent", "Jobs sent again by the sweep.", ["queue"])

# Names of psycopg_pool's statistics: a level or a running total.
_POOL_LEVELS = ("pool_size", "pool_available", "requests_waiting")
_POOL_TOTALS = (
    "requests_num",
    "requests_queued",
    "requests_errors",
    "connections_errors",
    "connections_lost",
)


class StateCollector(Collector):
    """Reads pools and breakers at the moment of the scrape."""

    def __init__(self, databases: Iterable["Database"], breakers: Iterable["Breaker"]) -> None:
        self._databases = tuple(databases)
        self._breakers = tuple(breakers)

    def collect(self) -> Iterable[Metric]:
        level = GaugeMetricFamily("database_pool", "Connections of a pool.", labels=["pool", "kind"])
        total = CounterMetricFamily("database_pool_events", "What a pool lived through.", labels=["pool", "kind"])
        for database in self._databases:
            stats = database.stats()
            for kind in _POOL_LEVELS:
                level.add_metric([database.name, kind], stats.get(kind, 0))
            for kind in _POOL_TOTALS:
                total.add_metric([database.name, kind], stats.get(kind, 0))
        state = GaugeMetricFamily("breaker_closed", "1 when calls pass.", labels=["breaker"])
        trips = CounterMetricFamily("breaker_trips", "How often it opened.", labels=["breaker"])
        for breaker in self._breakers:
            state.add_metric([breaker.name], breaker.state == "closed")
            trips.add_metric([breaker.name], breaker.trips)
        return [level, total, state, trips]


def watch(databases: Iterable["Database"], breakers: Iterable["Breaker"]) -> Collector:
    collector = StateCollector(databases, breakers)
    REGISTRY.register(collector)
    return collector


def unwatch(collector: Collector) -> None:
    REGISTRY.unregister(collector)


def set_queues(waiting: Mapping[str, int], dead: Mapping[str, int]) -> None:
    for queue, count in waiting.items():
        QUEUE_DEPTH.labels(queue).set(count)
    for queue, count in dead.items():
        QUEUE_DEAD.labels(queue).set(count)


def forget_queues() -> None:
    """An old depth must not look like a present one while Redis is away."""
    QUEUE_DEPTH.clear()
    QUEUE_DEAD.clear()
