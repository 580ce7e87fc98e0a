"""PostgreSQL's parameters from the memory and cores of a member. Pure arithmetic; memory in MiB.

Sources: PostgreSQL 17 manual, chapter 19 ("Server Configuration"), and PGTune's formulas (le0pard/pgtune)."""

from dataclasses import dataclass

Parameters = dict[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Machine:
    """What one member may use."""

    memory: int
    cores: float
    connections: int


def tune(machine: Machine) -> Parameters:
    """Parameters by name, with PostgreSQL's own units."""
    return {**_memory(machine), **_log(machine), **_planner(), **_workers(machine)}


def _memory(machine: Machine) -> Parameters:
    shared = machine.memory // 4  # section 19.4.1: a quarter is a reasonable start
    maintenance = min(2048, max(32, machine.memory // 16))
    return {
        "shared_buffers": f"{shared}MB",
        # The kernel's cache counts too, up to the container's limit; an estimate for the planner, nothing is reserved.
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        # PGTune: what is left, were every connection to sort three times at once; not less than PostgreSQL's default,
        # because pools keep most connections idle.
        "work_mem": f"{max(4096, (machine.memory - shared) * 1024 // (machine.connections * 3))}kB",
        "maintenance_work_mem": f"{maintenance}MB",
        # Three workers may run at once, without being asked for.
        "autovacuum_work_mem": f"{max(16, maintenance // 2)}MB",
    }


def _log(machine: Machine) -> Parameters:
    """The write-ahead log. Full-page images after a checkpoint are most of it: fewer checkpoints write less (28.5)."""
    largest = min(16_384, max(1024, machine.memory))
    return {
        "min_wal_size": f"{largest // 4}MB",
        "max_wal_size": f"{largest}MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": 0.9,
        "wal_compression": "lz4",
        # A replica that is gone must not fill the disk of the primary; it is then copied anew.
        "max_slot_wal_keep_size": f"{4 * largest}MB",
    }


def _planner() -> Parameters:
    """Solid-state disks: a random read costs about as much as a sequential one, and many may be under way."""
    # Just-in-time compilation costs more than it saves in short transactions.
    return {"random_page_cost": 1.1, "effective_io_concurrency": 200, "jit": False}


def _workers(machine: Machine) -> Parameters:
    cores = max(2, int(machine.cores))
    return {
        # Eight besides the parallel ones: extensions' workers, logical replication.
        "max_worker_processes": cores + 8,
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": min(4, max(1, cores // 4)),
        "max_parallel_maintenance_workers": min(4, max(1, cores // 2)),
    }
