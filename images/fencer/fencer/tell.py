"""What a fencer tells: lines of JSON, and metrics."""

import json
import sys
import threading
import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

#: Why a member was fenced, and what became of it.
CAUSES, OUTCOMES = ("died", "hung"), ("done", "refused", "unproven")


def say(level: str, message: str, **more: str | float) -> None:
    """One line."""
    sys.stdout.write(json.dumps({"level": level, "message": message, **more}) + "\n")
    sys.stdout.flush()


class Figures(Collector):
    """Written by the fencer's loop, read by whoever scrapes."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._fences = {(cause, outcome): 0 for cause in CAUSES for outcome in OUTCOMES}
        self.suspicions = self.absences = self.store_errors = 0
        self.last_fence = self.cpu = 0.0
        self.holds = False
        self.read_at = self.started = time.monotonic()

    def fenced(self, cause: str, outcome: str) -> None:
        """One decision was carried out, or was not."""
        with self._mutex:
            self._fences[cause, outcome] += 1

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        fences = CounterMetricFamily(
            "fencer_fences", "Deaths and hangs of the leading member", labels=["cause", "outcome"]
        )
        for key, count in self._fences.items():
            fences.add_metric(list(key), count)
        yield fences
        yield CounterMetricFamily(
            "fencer_suspicions", "How often this witness came to suspect a member", self.suspicions
        )
        yield CounterMetricFamily("fencer_absences", "How often this witness itself was late", self.absences)
        yield CounterMetricFamily("fencer_store_errors", "Questions to etcd without an answer", self.store_errors)
        yield GaugeMetricFamily(
            "fencer_last_fence_seconds", "From the proof to the deletion, the last time", self.last_fence
        )
        yield GaugeMetricFamily("fencer_holds", "Whether it holds the first process of its member", float(self.holds))
        yield GaugeMetricFamily(
            "fencer_store_age_seconds", "Since etcd was read last", max(0.0, time.monotonic() - self.read_at)
        )
