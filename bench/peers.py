"""What other tuners would say of a machine: their formulas, read in their sources (repository, file and commit stand at
each). MiB. Only what changes how the bench's workloads run is taken over: no logging, archiving, replication."""

from collections.abc import Callable

from basalt.services.postgres.tuning import Machine, Parameters, tune

_OWN = ("huge_pages", "max_wal_senders")


def _cores(machine: Machine) -> int:
    return max(1, int(machine.cores))


def default(_: Machine) -> Parameters:
    """Debian's postgresql.conf: nothing but what initdb writes."""
    return {}


def pgtune(machine: Machine) -> Parameters:
    """le0pard/pgtune at 01bb6447, src/features/configuration/configurationSlice.js: "oltp", "ssd", Linux, 17."""
    shared, cores = machine.memory // 4, _cores(machine)
    half = min(4, -(-cores // 2))
    parallel: Parameters = {
        "max_worker_processes": cores,
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": half,
        "max_parallel_maintenance_workers": half,
    }
    # With fewer than four cores PostgreSQL's own eight workers count.
    workers = 8 if cores < 4 else cores
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        "maintenance_work_mem": f"{min(8192, machine.memory // 16)}MB",
        "work_mem": f"{max(4096, (machine.memory - shared) * 1024 // ((machine.connections + workers) * 3))}kB",
        "checkpoint_completion_target": 0.9,
        "wal_buffers": f"{_buffers(shared)}kB",
        "default_statistics_target": 100,
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
        "min_wal_size": "2GB",
        "max_wal_size": "8GB",
        "wal_compression": "lz4",
        "jit": False,
        **(parallel if cores >= 4 else {}),
    }


def _buffers(shared: int) -> int:
    """kB: three hundredths, 16 MiB at most, and those where it would be near."""
    found = 3 * shared * 1024 // 100
    return 16 * 1024 if found > 14 * 1024 else max(32, found)


def timescaledb(machine: Machine) -> Parameters:
    """timescale/timescaledb-tune, pkg/pgtune: memory.go at 2776a5f3, wal.go at 03b980c4, misc.go and parallel.go at
    009b8b8f; the size of the log's disk is not given."""
    gigabytes, cores = machine.memory / 1024, _cores(machine)
    half = int(cores / 2 + 0.5)
    # 6.4 MB a GiB for each of 20 connections.
    work = 128 * 1024 * gigabytes / machine.connections / max(1, half)
    parallel: Parameters = {
        "max_worker_processes": 11 + cores,
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": half,
    }
    return {
        "shared_buffers": f"{machine.memory // 4}MB",
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        "maintenance_work_mem": f"{min(2047, int(128 * gigabytes))}MB",
        # Less is no value that PostgreSQL takes.
        "work_mem": f"{max(64, int(work))}kB",
        "wal_buffers": f"{16384 if gigabytes >= 2 else int(7864 * gigabytes)}kB",
        "min_wal_size": "512MB",
        "max_wal_size": "1GB",
        "checkpoint_completion_target": 0.9,
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
        "default_statistics_target": 500,
        "max_locks_per_transaction": 64 << sum(gigabytes >= size for size in (8, 16, 32)),
        **(parallel if cores > 1 else {}),
    }


def pigsty(machine: Machine) -> Parameters:
    """pgsty/pigsty at 05dd7a25, roles/pgsql/templates/oltp.yml: a quarter of the memory shared, a disk of 100 GiB."""
    shared, cores = -(-machine.memory // 4), _cores(machine)
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{machine.memory - shared}MB",
        "maintenance_work_mem": f"{-(-shared // 4)}MB",
        "work_mem": f"{min(1024, max(64, shared // machine.connections))}MB",
        "hash_mem_multiplier": 8.0,
        "max_worker_processes": max(16, cores + 8) + 8,
        "max_parallel_workers": max(2, -(-cores // 2)),
        "max_parallel_maintenance_workers": max(2, -(-cores * 33 // 100)),
        "max_parallel_workers_per_gather": min(8, max(2, cores // 5)),
        "parallel_setup_cost": 2000,
        "parallel_tuple_cost": 0.2,
        "min_parallel_table_scan_size": "16MB",
        "min_parallel_index_scan_size": 1024,
        "vacuum_cost_delay": "20ms",
        "vacuum_cost_limit": 2000,
        "bgwriter_delay": "10ms",
        "bgwriter_lru_maxpages": 800,
        "bgwriter_lru_multiplier": 5.0,
        "min_wal_size": "5GB",
        "max_wal_size": "20GB",
        "wal_buffers": "16MB",
        "wal_writer_delay": "20ms",
        "wal_writer_flush_after": "1MB",
        "commit_delay": 20,
        "commit_siblings": 10,
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": 0.8,
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
        "maintenance_io_concurrency": 100,
        "default_statistics_target": 400,
        "autovacuum_vacuum_scale_factor": 0.08,
        "autovacuum_analyze_scale_factor": 0.04,
    }


def autobase(machine: Machine) -> Parameters:
    """vitabaks/autobase at 00983665, automation/roles/common/defaults/main.yml: `postgresql_parameters`."""
    cores = _cores(machine)
    return {
        "shared_buffers": f"{machine.memory // 4}MB",
        "effective_cache_size": f"{machine.memory * 3 // 4}MB",
        "maintenance_work_mem": "512MB",
        "work_mem": "64MB",
        "max_locks_per_transaction": 512,
        "min_wal_size": "1GB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": 0.9,
        "wal_buffers": "32MB",
        "wal_compression": True,
        "bgwriter_delay": "20ms",
        "bgwriter_lru_maxpages": 1000,
        "default_statistics_target": 1000,
        "random_page_cost": 1.1,
        "effective_io_concurrency": 200,
        "autovacuum_max_workers": 5,
        "autovacuum_vacuum_scale_factor": 0.01,
        "autovacuum_vacuum_insert_scale_factor": 0.1,
        "autovacuum_analyze_scale_factor": 0.01,
        "autovacuum_vacuum_cost_limit": 500,
        "autovacuum_vacuum_cost_delay": 2,
        "autovacuum_naptime": "1s",
        "max_worker_processes": max(16, cores),
        "max_parallel_workers": max(8, cores // 2),
        "max_parallel_workers_per_gather": 2,
        "max_parallel_maintenance_workers": 2,
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
