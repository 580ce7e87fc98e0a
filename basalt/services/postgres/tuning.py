"""PostgreSQL's parameters from the memory, cores, storage and workload of a member. Pure arithmetic; memory in MiB.

The rule before all others: when every connection that can be at work sorts or hashes at once, beside parallel workers,
three autovacuums and an index build, the sum stays below the limit at which the kernel kills (`worst`).

Sources: PostgreSQL 17 manual, chapter 19 ("Server Configuration"); PGTune (le0pard/pgtune, configurationSlice.js);
timescaledb-tune (pkg/pgtune/{memory,wal,misc}.go); Pigsty (roles/pgsql/templates); Autobase
(automation/roles/common/defaults)."""

from dataclasses import dataclass
from typing import Literal

Parameters = dict[str, str | int | float | bool]
Storage = Literal["ssd", "hdd", "san"]
Load = Literal["oltp", "mixed", "olap"]

#: MiB that a backend holds besides its sorts: caches of the catalogue, TLS, plans. Seen: 2 to 2.6 in idle ones.
BACKEND = 3
#: MiB of Patroni and of PostgreSQL's own processes.
FIXED = 96
#: Locks, WAL buffers and the rest, as a share of shared_buffers.
_OVERHEAD = 0.05
#: Autovacuums at once (`autovacuum_max_workers`, PostgreSQL's default; a change restarts the server).
VACUUMS = 3
#: A hash may take so many times work_mem (19.4.1, hash_mem_multiplier).
HASHES = 2.0
#: kB. With less, the smallest sort would go to disk; a member that has no room for it is told so (`told`).
LEAST_WORK = 256

#: (random_page_cost, effective_io_concurrency, maintenance_io_concurrency, vacuum_cost_limit). PGTune for the first
#: two; a disk that turns must be left time for its users between the pages of a vacuum (19.4.4).
_STORAGES: dict[Storage, tuple[float, int, int, int]] = {
    "hdd": (4.0, 2, 10, 200),
    "ssd": (1.1, 200, 100, 2000),
    "san": (1.1, 300, 100, 2000),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What one member may use. `active`: connections that can be at work at once, where a pooler keeps them below
    `connections`. `data_gb` and `wal_gb`: sizes of the volumes, where known; without the second the log shares
    the first."""

    memory: int
    cores: float
    connections: int
    active: int | None = None
    storage: Storage = "ssd"
    workload: Load = "oltp"
    data_gb: int | None = None
    wal_gb: int | None = None
    replicas: int = 2

    @property
    def busy(self) -> int:
        """Connections at work at once, at most."""
        return self.connections if self.active is None else min(self.active, self.connections)


def tune(machine: Machine) -> Parameters:
    """Parameters by name, with PostgreSQL's own units."""
    return {
        **_memory(machine),
        **_log(machine),
        **_planner(machine),
        **_workers(machine),
        **_vacuum(machine),
    }


def worst(machine: Machine) -> int:
    """MiB when all that may use memory uses it at once."""
    work = int(str(tune(machine)["work_mem"]).removesuffix("kB"))
    return _standing(machine) + -(-int(_sorters(machine) * work * HASHES) // 1024)


def told(machine: Machine) -> str:
    """For `basalt plan`: nothing while the worst case fits the limit, else what to change."""
    needed = worst(machine)
    if needed <= machine.memory:
        return ""
    return (
        f"{machine.busy} connections at work at once may need {needed} MiB of {machine.memory}: "
        "give more memory, or lower max_connections or PgBouncer's pool"
    )


def _shared(machine: Machine) -> int:
    return machine.memory // 4  # 19.4.1: a quarter is a reasonable start; all five peers agree


def _maintenance(machine: Machine) -> int:
    # PGTune: 1/16, for a warehouse 1/8. More than 2 GiB has sped up no index build that was seen.
    return min(2048, max(16, machine.memory // (8 if machine.workload == "olap" else 16)))


def _autovacuum(machine: Machine) -> int:
    # PostgreSQL 17 keeps dead tuples in a radix tree: up to 20 times less than before (its release notes, E.13.3.1).
    return min(512, max(4, machine.memory // 64))


def _standing(machine: Machine) -> int:
    """MiB without any sort."""
    shared = int(_shared(machine) * (1 + _OVERHEAD)) + 1
    upkeep = _maintenance(machine) + VACUUMS * _autovacuum(machine)
    return FIXED + shared + upkeep + BACKEND * (machine.busy + _parallel(machine))


def _sorters(machine: Machine) -> int:
    """Processes that sort at once: a parallel worker has a work_mem of its own (19.4.1)."""
    return machine.busy + _parallel(machine)


def _memory(machine: Machine) -> Parameters:
    room = max(0, machine.memory - _standing(machine)) * 1024
    work = max(LEAST_WORK, min(1024 * 1024, int(room / (_sorters(machine) * HASHES))))
    return {
        "shared_buffers": f"{_shared(machine)}MB",
        # The kernel's cache counts too, up to the container's limit; an estimate for the planner, nothing is reserved.
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        "work_mem": f"{work}kB",
        "hash_mem_multiplier": HASHES,
        "maintenance_work_mem": f"{_maintenance(machine)}MB",
        "autovacuum_work_mem": f"{_autovacuum(machine)}MB",
        # Where the host has reserved some; else ordinary ones (19.4.1).
        "huge_pages": "try",
    }


def _log(machine: Machine) -> Parameters:
    """The write-ahead log. Full-page images after a checkpoint are most of it: fewer checkpoints write less (28.5)."""
    largest = min(16_384, max(2048, 2 * machine.memory))
    kept = 4 * largest
    room = _log_room(machine)
    if room is not None:
        # Pigsty: a fifth of the disk for the log, three tenths for slots. max_wal_size is soft (19.5.3).
        largest, kept = max(64, min(largest, room // 5)), max(128, min(kept, room * 3 // 10))
    return {
        "min_wal_size": f"{max(32, largest // 4)}MB",
        "max_wal_size": f"{largest}MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": 0.9,
        "wal_compression": "lz4",
        # A replica that is gone must not fill the disk of the primary; it is then copied anew.
        "max_slot_wal_keep_size": f"{kept}MB",
        # Each replica streams, and takes two while it is copied.
        "max_wal_senders": max(10, 2 * machine.replicas + 4),
    }


def _log_room(machine: Machine) -> int | None:
    """MiB that the log may count on: its own volume, or a quarter of the one that it shares with the data."""
    if machine.wal_gb is not None:
        return machine.wal_gb * 1024
    return None if machine.data_gb is None else machine.data_gb * 256


def _planner(machine: Machine) -> Parameters:
    random_page_cost, reads, upkeep, _ = _STORAGES[machine.storage]
    return {
        "random_page_cost": random_page_cost,
        "effective_io_concurrency": reads,
        "maintenance_io_concurrency": upkeep,
        # Just-in-time compilation costs more than it saves in short transactions (30.2; PGTune).
        "jit": machine.workload == "olap",
        # PGTune, for a warehouse: long queries are worth a longer look.
        "default_statistics_target": 500 if machine.workload == "olap" else 100,
    }


def _parallel(machine: Machine) -> int:
    return max(2, int(machine.cores))


def _workers(machine: Machine) -> Parameters:
    cores = _parallel(machine)
    # Short transactions gain nothing by workers that other clients' cores would have to give (15.1).
    most, share = {"oltp": (4, 4), "mixed": (4, 2), "olap": (cores, 2)}[machine.workload]
    return {
        # Eight besides the parallel ones: extensions' workers, logical replication.
        "max_worker_processes": cores + 8,
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": min(most, max(1, cores // share)),
        "max_parallel_maintenance_workers": min(4, max(1, cores // 2)),
    }


def _vacuum(machine: Machine) -> Parameters:
    """A fifth of a large table may be dead before PostgreSQL's default acts (19.10); bloat costs more than looking."""
    return {
        "autovacuum_vacuum_scale_factor": 0.05,
        "autovacuum_vacuum_insert_scale_factor": 0.05,
        "autovacuum_analyze_scale_factor": 0.02,
        "vacuum_cost_limit": _STORAGES[machine.storage][3],
    }
