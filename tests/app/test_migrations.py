"""Which migrations run, decided without a database."""

from pathlib import Path
from typing import Any

import pytest
from shop.migration_files import Migration, RefusedError, newest_version, read_folder
from shop.migration_plan import Applied, plan

ONE = Migration(1, "orders", "CREATE TABLE orders ()", "DROP TABLE orders")
TWO = Migration(2, "images", "CREATE TABLE images ()", "DROP TABLE images")
THREE = Migration(3, "index", "CREATE INDEX ON images ()")
FILES = (ONE, TWO, THREE)


def applied(*migrations: Migration) -> list[Applied]:
    return [Applied(m.version, m.name, m.sha256) for m in migrations]


def steps(*done: Migration, target: int | None = None, rollback: bool = False) -> list[str]:
    return [str(step) for step in plan(FILES, applied(*done), target=target, rollback=rollback)]


def test_what_is_missing_is_applied_in_order() -> None:
    assert steps() == ["apply 0001 orders", "apply 0002 images", "apply 0003 index"]
    assert steps(ONE) == ["apply 0002 images", "apply 0003 index"]
    assert steps(ONE, TWO, THREE) == []


def test_to_stops_at_that_version() -> None:
    assert steps(target=2) == ["apply 0001 orders", "apply 0002 images"]
    assert steps(ONE, TWO, target=2) == []


def test_rollback_undoes_the_last_or_all_above_the_target() -> None:
    assert steps(ONE, TWO, rollback=True) == ["undo 0002 images"]
    assert steps(ONE, TWO, rollback=True, target=0) == ["undo 0002 images", "undo 0001 orders"]
    assert steps(ONE, TWO, rollback=True, target=2) == []


@pytest.mark.parametrize(
    ("done", "wish", "message"),
    [
        ((ONE, TWO), {"target": 1}, "use --rollback --to 1"),
        ((), {"target": 9}, "there is no migration 0009; the newest is 0003"),
        ((), {"rollback": True}, "nothing to undo"),
        ((ONE, TWO, THREE), {"rollback": True}, r"0003 index has no \.down\.sql"),
        ((TWO,), {}, "0001 orders comes before 0002"),
    ],
)
def test_it_refuses_with_a_remedy(done: tuple[Migration, ...], wish: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        steps(*done, **wish)


def test_a_changed_file_is_refused() -> None:
    changed = Migration(1, "orders", "CREATE TABLE orders (id int)")
    with pytest.raises(RefusedError, match="0001 orders was changed after it had been applied"):
        plan((changed, TWO), applied(ONE))


def test_a_better_way_back_may_be_written_later() -> None:
    assert plan((Migration(1, "orders", ONE.up, "DROP TABLE orders CASCADE"),), applied(ONE)) == []


def test_the_previous_image_runs_on_a_newer_schema_but_does_not_undo_it() -> None:
    newer = applied(ONE, TWO, THREE)
    assert plan((ONE, TWO), newer) == []
    with pytest.raises(RefusedError, match="0003 is newer than this image"):
        plan((ONE, TWO), newer, rollback=True)


def test_a_file_missing_in_between_is_refused() -> None:
    with pytest.raises(RefusedError, match="0002 images was applied but its file is missing"):
        plan((ONE, THREE), applied(ONE, TWO))


def test_our_own_migrations_are_numbered_without_gaps_and_have_a_way_back() -> None:
    ours = read_folder()
    assert [m.version for m in ours] == list(range(1, newest_version() + 1))
    assert all(m.down for m in ours)


@pytest.mark.parametrize("name", ["1_orders.sql", "0001-orders.sql", "0001_Orders.sql"])
def test_a_misnamed_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(RefusedError, match="name it NNNN_name"):
        read_folder(tmp_path)


def test_two_files_of_one_version_are_refused(tmp_path: Path) -> None:
    for name in ("0001_a.sql", "0001_b.sql"):
        (tmp_path / name).touch()
    with pytest.raises(RefusedError, match="version 0001 is taken by a"):
        read_folder(tmp_path)
