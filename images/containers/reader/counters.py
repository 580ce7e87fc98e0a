"""What the kernel counts for one control group, under the names that cAdvisor gave these metrics.

Sources: kernel.org/doc/html/latest/admin-guide, cgroup-v2 and cgroup-v1 (memory, blkio-controller, cpuacct);
github.com/google/cadvisor, docs/storage/prometheus.md. Seconds, bytes and counts. A limit that is not set is left out.
"""

from collections.abc import Callable
from pathlib import Path

#: Metric -> value, and block device (major:minor) -> metric -> value.
Values = dict[str, float]
PerDevice = dict[str, Values]

_MICRO, _NANO = 1e6, 1e9
#: Version 1 writes the largest whole number of pages where there is no limit.
_UNLIMITED = 2**60

_SINCE_2 = {
    "rbytes": "container_fs_reads_bytes",
    "wbytes": "container_fs_writes_bytes",
    "rios": "container_fs_reads",
    "wios": "container_fs_writes",
}
_SINCE_1 = {
    ("blkio.throttle.io_service_bytes_recursive", "Read"): "container_fs_reads_bytes",
    ("blkio.throttle.io_service_bytes_recursive", "Write"): "container_fs_writes_bytes",
    ("blkio.throttle.io_serviced_recursive", "Read"): "container_fs_reads",
    ("blkio.throttle.io_serviced_recursive", "Write"): "container_fs_writes",
}


def unified(base: Path) -> bool:
    """Whether the control groups below are of version 2."""
    return (base / "cgroup.controllers").exists()


def reader(base: Path) -> Callable[[str], tuple[Values, PerDevice]]:
    """How a group at a path below `base` is read, as the host mounts them. Raises OSError when the group is gone."""
    if unified(base):
        return lambda path: (_values_2(base / path), _devices_2(base / path))
    return lambda path: (_values_1(base, path), _devices_1(base / "blkio" / path))


def _values_2(group: Path) -> Values:
    cpu, memory = _fields(group / "cpu.stat"), _fields(group / "memory.stat")
    quota, period = (group / "cpu.max").read_text().split()
    return {
        "container_cpu_usage_seconds": cpu["usage_usec"] / _MICRO,
        "container_cpu_cfs_periods": cpu["nr_periods"],
        "container_cpu_cfs_throttled_periods": cpu["nr_throttled"],
        "container_cpu_cfs_throttled_seconds": cpu["throttled_usec"] / _MICRO,
        **_cpu_limit(quota, period),
        **_memory(_number(group / "memory.current"), memory["inactive_file"], memory["active_file"], memory["anon"]),
        **_memory_limit((group / "memory.max").read_text()),
        "container_oom_events": _fields(group / "memory.events")["oom_kill"],
        "container_threads": _number(group / "pids.current"),
    }


def _values_1(base: Path, path: str) -> Values:
    cpu, memory = base / "cpu" / path, base / "memory" / path
    periods, pages = _fields(cpu / "cpu.stat"), _fields(memory / "memory.stat")
    files = pages["total_inactive_file"], pages["total_active_file"]
    return {
        "container_cpu_usage_seconds": _number(base / "cpuacct" / path / "cpuacct.usage") / _NANO,
        "container_cpu_cfs_periods": periods["nr_periods"],
        "container_cpu_cfs_throttled_periods": periods["nr_throttled"],
        "container_cpu_cfs_throttled_seconds": periods["throttled_time"] / _NANO,
        **_cpu_limit((cpu / "cpu.cfs_quota_us").read_text(), (cpu / "cpu.cfs_period_us").read_text()),
        **_memory(_number(memory / "memory.usage_in_bytes"), *files, pages["total_rss"]),
        **_memory_limit((memory / "memory.limit_in_bytes").read_text()),
        "container_oom_events": _fields(memory / "memory.oom_control")["oom_kill"],
        "container_threads": _number(base / "pids" / path / "pids.current"),
    }


def _cpu_limit(quota: str, period: str) -> Values:
    """Microseconds of CPU time in each period."""
    if quota.strip() in ("max", "-1"):
        return {}
    return {"container_spec_cpu_quota": float(quota), "container_spec_cpu_period": float(period)}


def _memory(usage: float, inactive_file: float, active_file: float, anonymous: float) -> Values:
    return {
        "container_memory_usage_bytes": usage,
        "container_memory_working_set_bytes": max(usage - inactive_file, 0),
        "container_memory_total_active_file_bytes": active_file,
        "container_memory_rss": anonymous,
    }


def _memory_limit(text: str) -> Values:
    limited = text.strip() != "max" and int(text) < _UNLIMITED
    return {"container_spec_memory_limit_bytes": float(text)} if limited else {}


def _devices_2(group: Path) -> PerDevice:
    """`8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`"""
    found: PerDevice = {}
    for line in _lines(group / "io.stat"):
        device, *pairs = line.split()
        counted = (pair.split("=") for pair in pairs)
        found[device] = {_SINCE_2[key]: float(value) for key, value in counted if key in _SINCE_2}
    return found


def _devices_1(group: Path) -> PerDevice:
    """`8:0 Read 1`"""
    found: PerDevice = {}
    for (file, way), metric in _SINCE_1.items():
        for line in _lines(group / file):
            match line.split():
                case [device, what, value] if what == way:
                    found.setdefault(device, {})[metric] = float(value)
    return found


def _lines(file: Path) -> list[str]:
    """None where the host does not count this for its groups: systemd lets `io` be where nobody limits it."""
    return file.read_text().splitlines() if file.exists() else []


def _fields(file: Path) -> dict[str, float]:
    """A file of lines `name value`."""
    return {name: float(value) for name, value in (line.split() for line in file.read_text().splitlines())}


def _number(file: Path) -> float:
    return float(file.read_text())
