"""The account of writers: it must tell what is lost, what is a ghost, and the longest time without an answer."""

from pathlib import Path

import pytest

from bench.writers import Row, ledger, longest_gap, settle


def acked(client: int, *moments: float) -> list[Row]:
    return [Row(client, seq, "acked", moment, moment) for seq, moment in enumerate(moments, 1)]


def test_an_acknowledged_row_that_is_gone_is_lost() -> None:
    account = settle(acked(0, 1, 2), {(0, 1)})
    assert (account.acked, account.lost) == (2, 1)


def test_a_refused_row_that_is_there_is_a_ghost_and_an_unknown_one_is_neither() -> None:
    rows = [Row(0, 1, "refused", 1, 1), Row(0, 2, "unknown", 2, 2)]
    account = settle(rows, {(0, 1), (0, 2)})
    assert (account.failed, account.ghosts, account.lost) == (2, 1, 0)


def test_the_client_that_was_hit_worst_counts() -> None:
    rows = acked(0, 1.0, 1.1, 2.0, 2.1) + acked(1, 1.0, 1.2, 1.4, 2.1)
    assert longest_gap(rows, 1.0, 2.1) == pytest.approx(0.9)


def test_refusals_do_not_shorten_a_gap() -> None:
    rows = [*acked(0, 1.0, 3.0), Row(0, 3, "refused", 2.0, 2.0)]
    assert longest_gap(rows, 0.5, 3.5) == pytest.approx(2.0)


def test_a_client_that_never_wrote_again_was_down_to_the_end() -> None:
    assert longest_gap(acked(0, 1.0, 1.5), 1.0, 9.0) == pytest.approx(7.5)


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "0.ledger").write_text("1 acked 1.0 1.1\n2 refused 1.2 1.3 40001 try again\n3 ack")
    first, second = ledger(tmp_path)
    assert (first.outcome, second.error) == ("acked", "40001 try again")
