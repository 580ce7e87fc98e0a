"""What other tuners would say of a machine: their formulas, read in their sources (the file is named at each). MiB."""

from collections.abc import Callable

from basalt.services.postgres.tuning import Machine, Parameters, tune

_OWN = ("huge_pages", "max_wal_senders")


def default(_: Machine) -> Parameters:
    """Debian's postgresql.conf: nothing but what initdb writes."""
    return {}


def pgtune(machine: Machine) -> Parameters:
    """le0pard/pgtune: src/features/configuration/configurationSlice.js, type "oltp", disk "ssd"."""
    shared, cores = machine.memory // 4, max(1, int(machine.cores))
    parallel = {} if cores < 4 else {"max_parallel_workers": cores, "max_parallel_workers_per_gather": -(-cores // 2)}
    workers = 8 if cores < 4 else cores
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        "maintenance_work_mem": f"{min(2048, machine.memory // 16)}MB",
        "work_mem": f"{max(4096, (machine.memory - shared) * 1024 // ((machine.connections + workers) * 3))}kB",
        "checkpoint_completion_target": 0.9,
        "wal_buffers": "16MB",
        "default_statistics_target": 100,
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
        "min_wal_size": "2GB",
        "max_wal_size": "8GB",
        "wal_compression": "lz4",
        "jit": False,
        **parallel,
    }


def timescaledb(machine: Machine) -> Parameters:
    """timescale/timescaledb-tune: pkg/pgtune/{memory,wal,misc,parallel}.go."""
    gigabytes, cores = machine.memory / 1024, max(1, int(machine.cores))
    per = machine.connections * max(1, round(cores / 2))
    return {
        "shared_buffers": f"{machine.memory // 4}MB",
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        "maintenance_work_mem": f"{min(2047, int(128 * gigabytes))}MB",
        "work_mem": f"{max(64, int(400 * 1024 * gigabytes / per))}kB",
        "wal_buffers": "16MB",
        "min_wal_size": "512MB",
        "max_wal_size": "1GB",
        "checkpoint_completion_target": 0.9,
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": -(-cores // 2),
        "random_page_cost": 1.1,
        "effective_io_concurrency": 256,
        "default_statistics_target": 100,
        "max_locks_per_transaction": 128,
    }


def pigsty(machine: Machine) -> Parameters:
    """pgsty/pigsty: roles/pgsql/templates/oltp.yml, with a disk of 100 GB."""
    shared = machine.memory // 4
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{machine.memory - shared}MB",
        "maintenance_work_mem": f"{max(64, shared // 4)}MB",
        "work_mem": f"{min(1024, max(64, shared // machine.connections))}MB",
        "min_wal_size": "5GB",
        "max_wal_size": "20GB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": 0.95,
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
        "wal_buffers": "16MB",
        "default_statistics_target": 400,
        "jit": False,
    }


def autobase(machine: Machine) -> Parameters:
    """vitabaks/autobase: automation/roles/common/defaults/main.yml."""
    return {
        "shared_buffers": f"{machine.memory // 4}MB",
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        "maintenance_work_mem": f"{min(2048, machine.memory // 16)}MB",
        "work_mem": "64MB",
        "min_wal_size": "2GB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": 0.9,
        "wal_buffers": "32MB",
        "wal_compression": "on",
        "default_statistics_target": 1000,
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
        "autovacuum_vacuum_scale_factor": 0.01,
        "autovacuum_analyze_scale_factor": 0.01,
        "jit": False,
    }


def ours(machine: Machine) -> Parameters:
    """basalt's own, without what only a cluster needs."""
    return {name: value for name, value in tune(machine).items() if name not in _OWN}


CONFIGURATIONS: dict[str, Callable[[Machine], Parameters]] = {
    "default": default,
    "pgtune": pgtune,
    "timescaledb-tune": timescaledb,
    "pigsty": pigsty,
    "autobase": autobase,
    "basalt": ours,
}
