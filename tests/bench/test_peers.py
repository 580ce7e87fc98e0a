"""Other tuners' formulas, against what their own sources say for a machine of 2 GiB and two cores."""

import pytest

from basalt.services.postgres.parameters import known, wrong
from basalt.services.postgres.tuning import Machine
from bench.peers import CONFIGURATIONS, pgtune, pigsty, timescaledb

SMALL, LARGE = Machine(2048, 2, 450), Machine(16_384, 8, 200)


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("machine", [SMALL, LARGE])
def test_postgresql_17_takes_every_value(name: str, machine: Machine) -> None:
    found = CONFIGURATIONS[name](machine)
    assert set(found) <= set(known())
    assert {key: wrong(key, value) for key, value in found.items() if wrong(key, value)} == {}


def test_pgtune_leaves_the_workers_of_a_small_machine_alone() -> None:
    assert not any("parallel" in name for name in pgtune(SMALL))
    assert pgtune(SMALL)["work_mem"] == "4096kB"  # its floor
    assert pgtune(LARGE)["max_parallel_workers_per_gather"] == 4
    assert pgtune(LARGE)["work_mem"] == "20164kB"  # (16 GiB - 4 GiB) / ((200 + 8) x 3)


def test_timescaledb_tune_gives_128_mb_of_each_gib_to_all_sorts() -> None:
    assert timescaledb(SMALL)["work_mem"] == "582kB"  # 2 x 128 MB / 450
    assert timescaledb(LARGE)["work_mem"] == "2621kB"  # 16 x 128 MB / 200 / 4
    assert timescaledb(LARGE)["max_locks_per_transaction"] == 256


def test_pigsty_never_gives_a_sort_less_than_64_mb() -> None:
    assert (pigsty(SMALL)["work_mem"], pigsty(SMALL)["hash_mem_multiplier"]) == ("64MB", 8.0)
