"""What monitoring costs: CPU time and memory of all that watches, against the whole stack's.

    python -m bench.monitoring [--stack dev] [--seconds 120] [--rate 100]

The stack stands, made from this clone, on this machine. Read are the counters of the containers' control groups, before
and after, so that nothing between two looks is missed; the probes that the engine runs in containers are in them.
  idle    nobody asks for anything
  load    orders through the edge, one placed for three read, so many a second whether or not answers come (open loop)
  alone   idle again while all that watches stands still: what the watched spend on being asked is idle less this
`shims` are the engine's own processes, one beside each container: what they spend is to start the probes. It is no
container's and told apart. Goals: watching takes a tenth of the CPU time at most, idle and under load, and 600 MB.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
from docker.models.containers import Container

from basalt.workload import Tier
from tests.live.edge import Edge
from tests.live.project import ROOT, Project

_GROUPS = Path("/sys/fs/cgroup")
_SHIM = "containerd-shim"
_TICKS = os.sysconf("SC_CLK_TCK")
#: Tiers of callers whose limits together pass 150 requests a second.
_USERS = ("admin", "partner")
_READS = 3
_WAITING = 200  # requests at once; one more is counted as failed and not sent


@dataclass(frozen=True)
class Look:
    """Counters at a moment, by instance: seconds of CPU time, bytes of memory (working set), seconds of the shim."""

    moment: float
    cpu: dict[str, float]
    memory: dict[str, float]
    shim: dict[str, float]


def reader() -> Any:
    """How a control group is read: the exporter's own way, which knows both versions."""
    sys.path.insert(0, str(ROOT / "images" / "containers" / "reader"))
    return import_module("counters").reader(_GROUPS)


def group(container: Container) -> str:
    """Where a container's control group is (cgroups(7), `/proc/<pid>/cgroup`)."""
    lines = Path(f"/proc/{container.attrs['State']['Pid']}/cgroup").read_text().splitlines()
    found = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
    return next(found[name] for name in ("memory", "") if name in found).lstrip("/")


def look(project: Project) -> Look:
    """The counters of every container that runs."""
    read = reader()
    running = {name: c for name, c in project.containers().items() if c.attrs["State"]["Running"]}
    values = {name: read(group(container))[0] for name, container in running.items()}
    spent = shims()
    return Look(
        time.monotonic(),
        {name: value["container_cpu_usage_seconds"] for name, value in values.items()},
        {name: value["container_memory_working_set_bytes"] for name, value in values.items()},
        {name: spent[str(container.id)] for name, container in running.items()},
    )


def shims() -> dict[str, float]:
    """CPU time of each container's shim and of those that it waited for (proc_pid_stat(5), fields 14 to 17), by the
    container's id, which is an argument of the shim."""
    found: dict[str, float] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = file.read_text().partition("(")[2].rpartition(")")
            arguments = (file.parent / "cmdline").read_text().split("\0")
        except OSError:
            continue  # it has ended
        if name.startswith(_SHIM) and "-id" in arguments:
            found[arguments[arguments.index("-id") + 1]] = sum(map(int, rest.split()[11:15])) / _TICKS
    return found


@dataclass
class Row:
    """One workload. CPU time in hundredths of a core."""

    watches: bool
    containers: int = 0
    cpu_percent: float = 0
    shims_percent: float = 0
    memory_mb: float = 0


def compare(project: Project, before: Look, after: Look) -> dict[str, Any]:
    """What was spent between two looks."""
    seconds = after.moment - before.moment
    rows: dict[str, Row] = {}
    for instance in project.plan.site.instances:
        if instance.workload.task:
            continue
        row = rows.setdefault(instance.workload.name, Row(instance.workload.tier is Tier.WATCH))
        spent = after.cpu[instance.name] - before.cpu[instance.name]
        if spent < 0:
            raise SystemExit(f"{instance.name} started again meanwhile: measure once more")
        row.containers += 1
        row.cpu_percent += spent / seconds * 100
        row.shims_percent += (after.shim[instance.name] - before.shim[instance.name]) / seconds * 100
        row.memory_mb += after.memory[instance.name] / 1e6
    return {**_sums(list(rows.values())), "by_workload": _table(rows)}


def _sums(rows: list[Row]) -> dict[str, float]:
    watching = [row for row in rows if row.watches]
    cpu, watching_cpu = (sum(row.cpu_percent for row in some) for some in (rows, watching))
    return {
        "cpu_percent": round(cpu, 2),
        "watching_cpu_percent": round(watching_cpu, 2),
        "watching_share": round(watching_cpu / cpu, 3),
        "shims_percent": round(sum(row.shims_percent for row in rows), 2),
        "watching_shims_percent": round(sum(row.shims_percent for row in watching), 2),
        "memory_mb": round(sum(row.memory_mb for row in rows)),
        "watching_memory_mb": round(sum(row.memory_mb for row in watching)),
    }


def _table(rows: dict[str, Row]) -> dict[str, dict[str, Any]]:
    """The dearest first."""
    dear = sorted(rows.items(), key=lambda pair: -pair[1].cpu_percent)
    return {
        name: {key: round(value, 2) if isinstance(value, float) else value for key, value in vars(row).items()}
        for name, row in dear
    }


class Load:
    """Orders at a fixed rate, whatever becomes of them."""

    def __init__(self, edge: Edge, rate: float) -> None:
        self._edge, self._rate = edge, rate
        self._users, self._turns = cycle(_USERS), cycle(range(_READS + 1))
        self._orders: list[int] = []
        self.answers: Counter[str] = Counter()
        self.seconds: list[float] = []

    async def run(self, seconds: float) -> None:
        """Sends for so long, then waits for the answers."""
        headers = {user: {"Authorization": f"Bearer {self._edge.token(user)}"} for user in _USERS}
        async with httpx.AsyncClient(base_url=self._edge.base, verify=self._edge.tls, timeout=10) as client:
            waiting: set[asyncio.Task[None]] = set()
            started = time.monotonic()
            for number in range(int(seconds * self._rate)):
                await asyncio.sleep(max(0, started + number / self._rate - time.monotonic()))
                if len(waiting) >= _WAITING:
                    self.answers["not sent"] += 1
                    continue
                task = asyncio.create_task(self._one(client, headers[next(self._users)], next(self._turns)))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
            await asyncio.gather(*waiting)

    async def _one(self, client: httpx.AsyncClient, headers: dict[str, str], turn: int) -> None:
        started = time.monotonic()
        try:
            if turn == 0 or not self._orders:
                answer = await client.post("/orders", json={"product": "bench", "quantity": 1}, headers=headers)
                if answer.is_success:
                    self._orders.append(answer.json()["id"])
            else:
                answer = await client.get(f"/orders/{self._orders[-turn:][0]}", headers=headers)
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
            return
        self.answers[str(answer.status_code)] += 1
        self.seconds.append(time.monotonic() - started)

    def told(self) -> dict[str, Any]:
        """How it went."""
        parts = statistics.quantiles(self.seconds, n=20)
        return {
            "rate": self._rate,
            "answers": dict(self.answers),
            "median_ms": round(parts[9] * 1e3, 1),
            "p95_ms": round(parts[18] * 1e3, 1),
        }


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """All that watches stands still."""
    watching = {i.name for i in project.plan.site.instances if i.workload.tier is Tier.WATCH}
    containers = [container for name, container in project.containers().items() if name in watching]
    try:
        for container in containers:
            container.pause()
        yield
    finally:
        for container in project.containers().values():
            if container.status == "paused":
                container.unpause()


def measure(project: Project, seconds: float, rate: float) -> dict[str, Any]:
    """All three."""
    found: dict[str, Any] = {"seconds": seconds, "idle": _idle(project, seconds)}
    with tempfile.TemporaryDirectory() as folder:
        authority = Path(folder) / "ca.crt"
        authority.write_text(project.authority)
        load = Load(Edge.of(project, authority), rate)
        before = look(project)
        asyncio.run(load.run(seconds))
        found["load"] = {**load.told(), **compare(project, before, look(project))}
    with alone(project):
        found["alone"] = _idle(project, seconds)
    return found


def _idle(project: Project, seconds: float) -> dict[str, Any]:
    before = look(project)
    time.sleep(seconds)
    return compare(project, before, look(project))


def main() -> None:
    """Prints and writes `bench/monitoring.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="dev")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "monitoring.json")
    options = parser.parse_args()
    found = measure(Project(ROOT, options.stack), options.seconds, options.rate)
    text = json.dumps(found, indent=1)
    options.output.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
