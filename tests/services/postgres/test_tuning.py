"""Parameters follow the machine, and never ask for more memory than it has."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basalt.services.postgres.parameters import known, wrong
from basalt.services.postgres.tuning import (
    BACKEND,
    FIXED,
    HASHES,
    LEAST_WORK,
    VACUUMS,
    Machine,
    Parameters,
    Storage,
    told,
    tune,
    worst,
)

MACHINES = st.builds(
    Machine,
    memory=st.integers(256, 1 << 20),
    cores=st.floats(0.25, 256),
    connections=st.integers(30, 10_000),
    active=st.none() | st.integers(1, 10_000),
    storage=st.sampled_from(["ssd", "hdd", "san"]),
    workload=st.sampled_from(["oltp", "mixed", "olap"]),
    data_gb=st.none() | st.integers(1, 100_000),
    wal_gb=st.none() | st.integers(1, 10_000),
    replicas=st.integers(0, 8),
)
GROWING = ("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem", "max_wal_size")


def kilobytes(found: Parameters, name: str) -> int:
    text = str(found[name])
    return int(text[:-2]) * {"kB": 1, "MB": 1024, "GB": 1024 * 1024}[text[-2:]]


def all_at_once(machine: Machine) -> float:
    """MiB, out of the parameters alone: each connection and each parallel worker hashes, three autovacuums and an index
    build go on."""
    found = tune(machine)
    processes = machine.busy + int(found["max_parallel_workers"])
    memory = kilobytes(found, "shared_buffers") * 1.05 + kilobytes(found, "maintenance_work_mem")
    memory += VACUUMS * kilobytes(found, "autovacuum_work_mem")
    memory += processes * kilobytes(found, "work_mem") * float(found["hash_mem_multiplier"])
    return memory / 1024 + FIXED + BACKEND * processes


@given(MACHINES)
def test_memory_never_exceeds_the_limit_or_it_is_told(machine: Machine) -> None:
    assert all_at_once(machine) <= machine.memory or "more memory" in told(machine)
    assert worst(machine) >= all_at_once(machine) - 1


@given(MACHINES)
def test_it_is_told_only_where_the_least_sorts_do_not_fit(machine: Machine) -> None:
    if told(machine):
        assert tune(machine)["work_mem"] == f"{LEAST_WORK}kB"


@given(MACHINES, st.integers(1, 1 << 18))
def test_more_memory_never_means_less_of_anything(machine: Machine, more: int) -> None:
    small, large = tune(machine), tune(replace(machine, memory=machine.memory + more))
    for name in (*GROWING, "autovacuum_work_mem"):
        # A step of a whole MiB in what stands may cost each sort its share of it.
        slack = 8 * 1024 / HASHES if name == "work_mem" and more < 1024 else 0
        assert kilobytes(large, name) >= kilobytes(small, name) - slack


@given(MACHINES)
def test_postgresql_17_takes_every_value(machine: Machine) -> None:
    found = tune(machine)
    assert set(found) <= set(known())
    assert {name: wrong(name, value) for name, value in found.items() if wrong(name, value)} == {}


@given(MACHINES)
def test_the_log_stays_in_its_volume(machine: Machine) -> None:
    found = tune(machine)
    kept = kilobytes(found, "max_wal_size") + kilobytes(found, "max_slot_wal_keep_size")
    assert kilobytes(found, "min_wal_size") <= kilobytes(found, "max_wal_size")
    if machine.wal_gb is not None:
        assert kept <= machine.wal_gb * 1024 * 1024 // 2


def test_more_memory_means_more_of_it_is_used() -> None:
    small, large = tune(Machine(1024, 4, 100)), tune(Machine(8192, 4, 100))
    for name in GROWING:
        assert kilobytes(large, name) > kilobytes(small, name)


def test_a_pooler_leaves_more_to_each_sort() -> None:
    alone, pooled = tune(Machine(8192, 4, 1000)), tune(Machine(8192, 4, 1000, active=100))
    assert kilobytes(pooled, "work_mem") > 5 * kilobytes(alone, "work_mem")


def test_the_log_that_a_lost_replica_holds_back_is_bounded() -> None:
    found = tune(Machine(8192, 4, 100))
    assert kilobytes(found, "max_slot_wal_keep_size") == 4 * kilobytes(found, "max_wal_size")


def test_parallel_workers_follow_the_cores_and_the_workload() -> None:
    found = tune(Machine(8192, 16, 100))
    assert (found["max_parallel_workers"], found["max_parallel_workers_per_gather"]) == (16, 4)
    assert tune(Machine(1024, 1, 100))["max_parallel_workers_per_gather"] == 1
    assert tune(Machine(8192, 16, 100, workload="olap"))["max_parallel_workers_per_gather"] == 8


def test_only_long_questions_are_compiled() -> None:
    assert {load: tune(Machine(8192, 4, 100, workload=load))["jit"] for load in ("oltp", "mixed", "olap")} == {
        "oltp": False,
        "mixed": False,
        "olap": True,
    }


@pytest.mark.parametrize(("storage", "page", "reads"), [("hdd", 4.0, 2), ("ssd", 1.1, 200), ("san", 1.1, 300)])
def test_a_disk_that_turns_is_asked_one_thing_at_a_time(storage: Storage, page: float, reads: int) -> None:
    found = tune(replace(Machine(8192, 4, 100), storage=storage))
    assert (found["random_page_cost"], found["effective_io_concurrency"]) == (page, reads)
