"""The program inside the image, over a host made of files."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

# Debian's package in the image; here it comes with the development requirements.
pytest.importorskip("prometheus_client")

from prometheus_client import CollectorRegistry, generate_latest

_READER = Path(__file__).parent.parent.parent.parent / "images" / "containers" / "reader"
_ID = "a1" * 32
_STRANGER = "b2" * 32
_FIB = """Main:
  +-- 198.18.0.0/20 2 0 2
     |-- 198.18.0.0
        /20 link UNICAST
     |-- {address}
        /32 host LOCAL
     |-- 198.18.15.255
        /32 link BROADCAST
"""
_NET = """Inter-|   Receive                       |  Transmit
 face |bytes packets errs drop fifo ... |bytes packets errs drop fifo ...
    lo: 999 9 9 9 0 0 0 0 999 9 9 9 0 0 0 0
  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
"""

VERSION_2 = {
    "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nnr_periods 40\nnr_throttled 10\nthrottled_usec 750000\n",
    "cpu.max": "50000 100000\n",
    "memory.current": "1000\n",
    "memory.max": "4096\n",
    "memory.stat": "anon 300\nfile 650\ninactive_file 400\nactive_file 250\n",
    "memory.events": "low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\n",
    "pids.current": "12\n",
    "io.stat": "8:0 rbytes=10 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n7:1 \n",
}
VERSION_1 = {
    "cpuacct/cpuacct.usage": "2500000000\n",
    "cpu/cpu.stat": "nr_periods 40\nnr_throttled 10\nthrottled_time 750000000\n",
    "cpu/cpu.cfs_quota_us": "50000\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "memory/memory.usage_in_bytes": "1000\n",
    "memory/memory.limit_in_bytes": "4096\n",
    "memory/memory.stat": "inactive_file 0\ntotal_rss 300\ntotal_inactive_file 400\ntotal_active_file 250\n",
    "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    "pids/pids.current": "12\n",
    "blkio/blkio.throttle.io_service_bytes_recursive": "8:0 Read 10\n8:0 Write 20\n8:0 Sync 30\nTotal 30\n",
    "blkio/blkio.throttle.io_serviced_recursive": "8:0 Read 3\n8:0 Write 4\nTotal 7\n",
}


def module(name: str) -> Any:
    """One of the program's own, which find each other beside themselves."""
    sys.path.insert(0, str(_READER))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(_READER))


def write(folder: Path, files: dict[str, str]) -> None:
    """Files below a folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


class Host:
    """What a host would show at `root`: two processes of a container, and a stranger's container."""

    def __init__(self, root: Path, version: int) -> None:
        self.root, self.version = root, version
        self.cgroup = root / "sys/fs/cgroup"
        write(
            root / "proc", {"stat": "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n", "vmstat": "pgfault 1\noom_kill 6\n"}
        )
        if version == 2:
            write(self.cgroup, {"cgroup.controllers": "cpu io memory pids\n", "user.slice/cgroup.procs": "1\n"})
        self.process(70, "198.18.0.9", 7000)
        self.process(71, "198.18.0.9", 9000)
        self.process(80, "172.17.0.2", 100)
        self.container(_ID, "71\n70\n")
        self.container(_STRANGER, "80\n")
        (root / "sys/dev/block").mkdir(parents=True)
        (root / "sys/dev/block/8:0").symlink_to("../../devices/virtual/block/sda")

    def process(self, pid: int, address: str, ticks: int) -> None:
        stat = f"{pid} (a ) b) S {' '.join(['0'] * 18)} {ticks} 0\n"
        write(self.root / f"proc/{pid}", {"stat": stat, "net/fib_trie": _FIB.format(address=address), "net/dev": _NET})

    def container(self, identity: str, pids: str) -> None:
        if self.version == 2:
            files = VERSION_2 | {"cgroup.procs": pids}
            write(self.cgroup / f"system.slice/docker-{identity}.scope", files)
        else:
            files = VERSION_1 | {"memory/cgroup.procs": pids}
            write(self.cgroup, {f"{p.split('/')[0]}/docker/{identity}/{p.split('/')[1]}": t for p, t in files.items()})

    def samples(self, known: dict[str, dict[str, str]]) -> dict[str, float]:
        """What is told: `metric{labels}` -> value."""
        instances = self.root / "instances.json"
        instances.write_text(json.dumps(known))
        registry = CollectorRegistry()
        registry.register(module("metrics").Containers(self.root, instances))
        lines = generate_latest(registry).decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


OURS = {"198.18.0.9": {"subject": "api-1", "workload": "api", "service": "app"}}
WHOSE = 'about_service="app",about_subject="api-1",about_workload="api"'


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    """One with either version of control groups."""
    return Host(tmp_path, request.param)


def test_everything_is_told_of_a_container_of_the_stack(host: Host) -> None:
    own = {
        "container_cpu_usage_seconds_total": 2.5,
        "container_cpu_cfs_periods_total": 40,
        "container_cpu_cfs_throttled_periods_total": 10,
        "container_cpu_cfs_throttled_seconds_total": 0.75,
        "container_spec_cpu_quota": 50000,
        "container_spec_cpu_period": 100000,
        "container_memory_usage_bytes": 1000,
        "container_memory_working_set_bytes": 600,
        "container_memory_total_active_file_bytes": 250,
        "container_memory_rss": 300,
        "container_spec_memory_limit_bytes": 4096,
        "container_oom_events_total": 1,
        "container_processes": 2,
        "container_threads": 12,
        "container_start_time_seconds": 1_700_000_070,
        "container_network_receive_bytes_total": 1000,
        "container_network_receive_errors_total": 1,
        "container_network_receive_packets_dropped_total": 2,
        "container_network_transmit_bytes_total": 2000,
        "container_network_transmit_errors_total": 3,
        "container_network_transmit_packets_dropped_total": 4,
    }
    disk = {
        "container_fs_reads_bytes_total": 10,
        "container_fs_writes_bytes_total": 20,
        "container_fs_reads_total": 3,
        "container_fs_writes_total": 4,
    }
    assert host.samples(OURS) == {
        **{f"{name}{{{WHOSE}}}": value for name, value in own.items()},
        **{f'{name}{{{WHOSE},device="sda"}}': value for name, value in disk.items()},
        "host_oom_kills_total": 6,
    }


def test_nothing_is_told_of_strangers(host: Host) -> None:
    assert host.samples({}) == {"host_oom_kills_total": 6}


def test_a_limit_that_is_not_set_is_left_out(host: Host) -> None:
    unlimited = {
        f"system.slice/docker-{_ID}.scope/memory.max": "max\n",
        f"system.slice/docker-{_ID}.scope/cpu.max": "max 100000\n",
        f"memory/docker/{_ID}/memory.limit_in_bytes": "9223372036854771712\n",
        f"cpu/docker/{_ID}/cpu.cfs_quota_us": "-1\n",
    }
    write(host.cgroup, {path: text for path, text in unlimited.items() if (host.cgroup / path).exists()})
    told = host.samples(OURS)
    assert f"container_memory_rss{{{WHOSE}}}" in told
    assert not [sample for sample in told if "_spec_" in sample]


def test_disks_that_are_not_counted_hide_nothing_else(host: Host) -> None:
    for file in [*host.cgroup.rglob("io.stat"), *host.cgroup.rglob("blkio.throttle.*")]:
        file.unlink()
    told = host.samples(OURS)
    assert f"container_memory_rss{{{WHOSE}}}" in told
    assert not [sample for sample in told if "_fs_" in sample]


def test_a_container_that_ends_meanwhile_is_left_out(host: Host) -> None:
    (host.root / "proc/71/net/dev").unlink()
    assert host.samples(OURS) == {"host_oom_kills_total": 6}


def test_one_that_started_again_is_looked_at_anew(host: Host) -> None:
    census = module("census").Census(host.root)
    known = {found.group: found for found in census.look()}
    (group,) = (name for name, found in known.items() if found.standing.addresses == {"198.18.0.9"})
    assert next(f for f in census.look() if f.group == group).standing is known[group].standing
    folder = (host.cgroup if host.version == 2 else host.cgroup / "memory") / group
    folder.rename(folder.with_name("gone"))
    folder.mkdir()
    host.process(90, "198.18.0.9", 12_000)
    (folder / "cgroup.procs").write_text("90\n")
    again = next(f for f in census.look() if f.group == group)
    assert again.standing.started == 1_700_000_120
