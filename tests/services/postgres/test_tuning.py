"""Parameters follow the machine."""

import pytest

from basalt.services.postgres.tuning import Machine, Parameters, tune


def kilobytes(found: Parameters, name: str) -> int:
    text = str(found[name])
    return int(text[:-2]) * {"kB": 1, "MB": 1024, "GB": 1024 * 1024}[text[-2:]]


@pytest.mark.parametrize("memory", [256, 1024, 8192, 65536])
@pytest.mark.parametrize("connections", [30, 200, 1000])
def test_buffers_and_sorts_fit_the_memory(memory: int, connections: int) -> None:
    found = tune(Machine(memory, 4, connections))
    assert kilobytes(found, "shared_buffers") <= memory * 1024 // 4
    assert kilobytes(found, "effective_cache_size") < memory * 1024
    sorts = kilobytes(found, "work_mem") * connections
    assert sorts <= memory * 1024 or found["work_mem"] == "4096kB"


@pytest.mark.parametrize("memory", [256, 1024, 8192, 65536])
def test_three_vacuums_at_once_leave_most_of_the_memory(memory: int) -> None:
    assert 3 * kilobytes(tune(Machine(memory, 4, 200)), "autovacuum_work_mem") < memory * 1024 // 4


def test_more_memory_means_more_of_it_is_used() -> None:
    small, large = tune(Machine(1024, 4, 100)), tune(Machine(8192, 4, 100))
    for name in ("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem", "max_wal_size"):
        assert kilobytes(large, name) > kilobytes(small, name)


def test_the_log_that_a_lost_replica_holds_back_is_bounded() -> None:
    found = tune(Machine(8192, 4, 100))
    assert kilobytes(found, "max_slot_wal_keep_size") == 4 * kilobytes(found, "max_wal_size")


def test_parallel_workers_follow_the_cores() -> None:
    found = tune(Machine(8192, 16, 100))
    assert (found["max_parallel_workers"], found["max_parallel_workers_per_gather"]) == (16, 4)
    assert tune(Machine(1024, 1, 100))["max_parallel_workers_per_gather"] == 1
