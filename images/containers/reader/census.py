"""Which control group belongs to which container of the stack.

A container is known by its address in the stack's network, which the plan fixed: so neither the engine's API nor its
files are asked, both of which are as good as root. All that is read here, every user of the host may read."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from counters import Values, unified

#: The engine's groups: `docker/<id>` with the driver cgroupfs, `system.slice/docker-<id>.scope` with systemd.
_CONTAINER = re.compile(r"(?:docker-)?[0-9a-f]{64}(?:\.scope)?")
#: /proc/net/fib_trie: an address of this network's own.
_OWN_ADDRESS = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
_TICKS = os.sysconf("SC_CLK_TCK")
_LOOPBACK = "lo"
#: Columns of /proc/net/dev, after the name of the interface.
_NETWORK = {
    0: "container_network_receive_bytes",
    2: "container_network_receive_errors",
    3: "container_network_receive_packets_dropped",
    8: "container_network_transmit_bytes",
    10: "container_network_transmit_errors",
    11: "container_network_transmit_packets_dropped",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What does not change for as long as a container runs. `started`: Unix time."""

    addresses: frozenset[str]
    started: float


@dataclass(frozen=True, slots=True)
class Found:
    """A running container: the path of its control group, and its processes."""

    group: str
    pids: tuple[str, ...]
    standing: Standing


class Census:
    """Looks through the host that is mounted at `host`; remembers what does not change."""

    def __init__(self, host: Path) -> None:
        self._proc = host / "proc"
        base = host / "sys/fs/cgroup"
        self._groups = base if unified(base) else base / "memory"
        self._known: dict[tuple[str, int], Standing] = {}

    def look(self) -> Iterator[Found]:
        """Every container that runs, other stacks' and strangers' too."""
        known: dict[tuple[str, int], Standing] = {}
        for group in self._containers(""):
            try:
                # A container that starts again has a group of the same name with another inode.
                key = group, (self._groups / group).stat().st_ino
                pids = tuple((self._groups / group / "cgroup.procs").read_text().split())
                standing = self._known.get(key) or self._stand(pids)
            except OSError:
                continue  # it has ended
            if standing.addresses:
                known[key] = standing
            yield Found(group, pids, standing)
        self._known = known

    def _containers(self, path: str) -> Iterator[str]:
        with os.scandir(self._groups / path) as entries:
            folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for name in folders:
            below = f"{path}/{name}" if path else name
            if _CONTAINER.fullmatch(name):
                yield below
            else:
                yield from self._containers(below)

    def _stand(self, pids: tuple[str, ...]) -> Standing:
        """Its first process is the oldest: all others come from it, or were sent in later."""
        if not pids:
            return Standing(frozenset(), 0.0)
        addresses = frozenset(_OWN_ADDRESS.findall((self._proc / pids[0] / "net/fib_trie").read_text()))
        ticks = min(_started((self._proc / pid / "stat").read_text()) for pid in pids)
        return Standing(addresses, self._boot() + ticks / _TICKS)

    def _boot(self) -> float:
        """When the host started (proc(5), `btime`)."""
        text = (self._proc / "stat").read_text()
        return float(text[text.index("\nbtime ") :].split(maxsplit=2)[1])

    def network(self, found: Found) -> Values:
        """What passed its interfaces, all but the loopback. Raises OSError when it has ended."""
        values = dict.fromkeys(_NETWORK.values(), 0.0)
        for line in (self._proc / found.pids[0] / "net/dev").read_text().splitlines()[2:]:
            name, _, columns = line.partition(":")
            if name.strip() != _LOOPBACK:
                counted = columns.split()
                for column, metric in _NETWORK.items():
                    values[metric] += float(counted[column])
        return values

    def oom_kills(self) -> float:
        """Processes of the host that the kernel has ended for want of memory."""
        text = (self._proc / "vmstat").read_text()
        return float(text[text.index("\noom_kill ") :].split(maxsplit=2)[1])


def _started(stat: str) -> int:
    """Ticks after boot (proc_pid_stat(5), field 22). The name, field 2, may hold anything."""
    return int(stat[stat.rindex(")") + 2 :].split()[19])
