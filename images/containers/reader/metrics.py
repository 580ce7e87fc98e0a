"""What the stack's containers on this host use, as Prometheus' client tells it."""

import json
from collections.abc import Iterator
from pathlib import Path

from census import Census, Found
from counters import PerDevice, Values, reader
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

#: Who a series is about: `about_<label>` takes the place of the target's own when it is scraped.
_LABELS = ("subject", "workload", "service")
_GAUGES = {
    "container_spec_cpu_quota": "CPU time that it may use in a period, in microseconds",
    "container_spec_cpu_period": "The period of its CPU limit, in microseconds",
    "container_memory_usage_bytes": "All memory charged to it, the page cache too",
    "container_memory_working_set_bytes": "Memory without the pages of files that were not used lately",
    "container_memory_total_active_file_bytes": "Pages of files that were used lately; they can be taken back",
    "container_memory_rss": "Anonymous memory",
    "container_spec_memory_limit_bytes": "The memory that it may use",
    "container_processes": "Processes",
    "container_threads": "Threads of all processes",
    "container_start_time_seconds": "When it started, Unix time",
}
_COUNTERS = {
    "container_cpu_usage_seconds": "CPU time",
    "container_cpu_cfs_periods": "Periods in which it wanted to run",
    "container_cpu_cfs_throttled_periods": "Periods in which it was held back by its CPU limit",
    "container_cpu_cfs_throttled_seconds": "How long its threads were held back by its CPU limit",
    "container_oom_events": "Its processes that the kernel ended for want of memory, since it started",
    "container_network_receive_bytes": "Bytes received",
    "container_network_receive_errors": "Receive errors",
    "container_network_receive_packets_dropped": "Packets dropped while receiving",
    "container_network_transmit_bytes": "Bytes sent",
    "container_network_transmit_errors": "Transmit errors",
    "container_network_transmit_packets_dropped": "Packets dropped while sending",
}
_DEVICE_COUNTERS = {
    "container_fs_reads_bytes": "Bytes read from a block device",
    "container_fs_writes_bytes": "Bytes written to a block device",
    "container_fs_reads": "Reads from a block device",
    "container_fs_writes": "Writes to a block device",
}


def families() -> dict[str, CounterMetricFamily | GaugeMetricFamily]:
    """Every metric about a container, without a sample."""
    labels = [f"about_{label}" for label in _LABELS]
    per_device = [*labels, "device"]
    return {
        **{name: GaugeMetricFamily(name, text, labels=labels) for name, text in _GAUGES.items()},
        **{name: CounterMetricFamily(name, text, labels=labels) for name, text in _COUNTERS.items()},
        **{name: CounterMetricFamily(name, text, labels=per_device) for name, text in _DEVICE_COUNTERS.items()},
    }


class Containers(Collector):
    """Looks when it is asked."""

    def __init__(self, host: Path, instances: Path) -> None:
        self._census, self._read = Census(host), reader(host / "sys/fs/cgroup")
        self._devices, self._instances = host / "sys/dev/block", instances

    def describe(self) -> Iterator[Metric]:
        """What there will be, without a look."""
        yield from families().values()

    def collect(self) -> Iterator[Metric]:
        """Everything of this host's containers of the stack."""
        known: dict[str, dict[str, str]] = json.loads(self._instances.read_text())
        made = families()
        for found in self._census.look():
            for address in found.standing.addresses & known.keys():
                self._tell(found, [known[address][label] for label in _LABELS], made)
        yield from made.values()
        yield CounterMetricFamily(
            "host_oom_kills", "Processes of the host that the kernel ended for want of memory", self._census.oom_kills()
        )

    def _tell(self, found: Found, labels: list[str], made: dict[str, CounterMetricFamily | GaugeMetricFamily]) -> None:
        try:
            values, devices = self._look(found)
        except OSError:
            return  # it has ended
        for name, value in values.items():
            made[name].add_metric(labels, value)
        for device, counted in devices.items():
            for name, value in counted.items():
                made[name].add_metric([*labels, self._device(device)], value)

    def _look(self, found: Found) -> tuple[Values, PerDevice]:
        values, devices = self._read(found.group)
        values |= self._census.network(found)
        values |= {
            "container_processes": len(found.pids),
            "container_start_time_seconds": found.standing.started,
        }
        return values, devices

    def _device(self, number: str) -> str:
        """`8:0` -> `sda`"""
        link = self._devices / number
        return link.readlink().name if link.is_symlink() else number
