"""Parameters follow the machine."""

import pytest

from basalt.services.postgres.tuning import Machine, tune


def kilobytes(value: str | int) -> int:
    text = str(value)
    return int(text[:-2]) * {"kB": 1, "MB": 1024, "GB": 1024 * 1024}[text[-2:]]


@pytest.mark.parametrize("memory", [256, 1024, 8192, 65536])
@pytest.mark.parametrize("connections", [30, 200, 1000])
def test_buffers_and_sorts_fit_the_memory(memory: int, connections: int) -> None:
    found = tune(Machine(memory, 4, connections))
    assert kilobytes(found["shared_buffers"]) <= memory * 1024 // 4
    assert kilobytes(found["effective_cache_size"]) < memory * 1024
    sorts = kilobytes(found["work_mem"]) * connections
    assert sorts <= memory * 1024 or found["work_mem"] == "4096kB"


def test_more_memory_means_more_of_it_is_used() -> None:
    small, large = tune(Machine(1024, 4, 100)), tune(Machine(8192, 4, 100))
    for name in ("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem"):
        assert kilobytes(large[name]) > kilobytes(small[name])


def test_parallel_workers_follow_the_cores() -> None:
    assert tune(Machine(8192, 16, 100))["max_parallel_workers"] == 16
