"""PostgreSQL's parameters from the memory and cores of a member. Pure arithmetic; memory in MiB.

Sources: PostgreSQL 17 manual, chapter 19 ("Server Configuration"), and PGTune's formulas (le0pard/pgtune)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """What one member may use."""

    memory: int
    cores: float
    connections: int


def tune(machine: Machine) -> dict[str, str | int]:
    """Parameters by name, in PostgreSQL's own units where they are text."""
    shared = machine.memory // 4  # section 19.4.1: a quarter is a reasonable start
    workers = max(2, int(machine.cores))
    return {
        "shared_buffers": f"{shared}MB",
        # What the kernel's cache is likely to hold besides; an estimate for the planner, nothing is reserved.
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        # PGTune: what is left, were every connection to sort three times at once.
        "work_mem": f"{max(4096, (machine.memory - shared) * 1024 // (machine.connections * 3))}kB",
        "maintenance_work_mem": f"{max(32, machine.memory // 16)}MB",
        # Full-page images after a checkpoint are most of the log: fewer checkpoints write less (section 28.5).
        "min_wal_size": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "wal_compression": "lz4",
        # Random reads cost about as much as sequential ones on solid-state disks.
        "random_page_cost": "1.1",
        "effective_io_concurrency": 200,
        "max_worker_processes": workers + 8,
        "max_parallel_workers": workers,
        "max_parallel_workers_per_gather": max(1, workers // 4),
        # Just-in-time compilation costs more than it saves in short transactions.
        "jit": "off",
    }
