"""That the bench of failovers sees what it is there to see."""

from bench.failover.__main__ import summary
from bench.failover.prober import Taken, overlaps


def reign(member: str, begin: float, end: float) -> list[Taken]:
    """A write each 50 ms."""
    return [Taken(member, begin + n * 0.05, begin + n * 0.05 + 0.01) for n in range(round((end - begin) / 0.05))]


def test_one_after_the_other_is_no_overlap() -> None:
    assert overlaps([*reign("postgres-1", 0, 5), *reign("postgres-2", 7, 12), *reign("postgres-1", 14, 20)]) == 0


def test_two_that_take_writes_at_once_are_seen() -> None:
    assert overlaps([*reign("postgres-1", 0, 8), *reign("postgres-2", 7.02, 12)]) > 0


def test_a_single_write_of_a_forgotten_primary_is_seen() -> None:
    forgotten = Taken("postgres-1", 9.022, 9.031)
    assert overlaps([*reign("postgres-1", 0, 5), *reign("postgres-2", 7, 12), forgotten]) == 1


def test_the_summary_counts_what_was_lost() -> None:
    runs = [
        {"arm": "fencer", "fault": "kill", "outage": float(n), "lost": int(n == 3), "overlaps": 0} for n in range(1, 21)
    ]
    assert summary(runs) == {
        "kill": {"fencer": {"runs": 20, "median": 10.5, "p95": 19.0, "max": 20.0, "lost": 1, "overlaps": 0}}
    }
