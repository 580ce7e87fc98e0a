"""What a service tells of itself."""

from pathlib import Path

import pytest

from basalt.collect.status import Row, RowError, Unit, read, tell


def written(folder: Path, text: str) -> Path:
    (folder / "status.yml").write_text(text)
    return folder


def test_a_row_is_a_title_a_query_and_a_unit(tmp_path: Path) -> None:
    folder = written(tmp_path, "- {title: lag, query: max(lag), unit: seconds, label: queue}")
    assert read(folder) == (Row(title="lag", query="max(lag)", unit=Unit.SECONDS, label="queue"),)


def test_a_service_may_have_nothing_to_tell(tmp_path: Path) -> None:
    assert read(tmp_path) == ()


@pytest.mark.parametrize("row", ["{title: lag, unit: seconds}", "{title: a, query: b, unit: miles}", "{tilte: a}"])
def test_a_row_that_cannot_be_used_is_named(row: str, tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"status\.yml: 0\."):
        read(written(tmp_path, f"- {row}"))


def test_a_query_with_a_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"status\.yml: lag: 'max\(lag' is no PromQL: unclosed"):
        read(written(tmp_path, "- {title: lag, query: max(lag, unit: seconds}"))


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (0.25, Unit.SECONDS, "0.2 s"),
        (5_400, Unit.SECONDS, "1.5 h"),
        (7_776_000, Unit.SECONDS, "90.0 d"),
        (512, Unit.BYTES, "512 B"),
        (1_540_000, Unit.BYTES, "1.5 MB"),
        (1_540_000, Unit.BYTE_RATE, "1.5 MB/s"),
        (0.803, Unit.RATIO, "80%"),
        (3, Unit.COUNT, "3"),
        (0.25, Unit.RATE, "0.2/s"),
        (1, Unit.NAME, ""),
    ],
)
def test_people_read_values_in_the_largest_unit_that_fits(value: float, unit: Unit, told: str) -> None:
    assert tell(value, unit) == told
