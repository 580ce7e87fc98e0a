"""Which backup a drill takes, how far it replays, and what it leaves behind."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from drill import archive
from drill.choose import SEGMENT, NoBackupError, choose, point, position, told
from drill.lineage import Log
from drill.report import STEPS, Report, metrics, read, save
from drill.repository import Span, faults, number
from drill.throwaway import StepError
from hypothesis import given
from hypothesis import strategies as st
from repositories import Repository

from basalt.operations.drill import Drill, page

FIRST, SECOND, THIRD = "20261125-010000F", "20261125-010000F_20261125-070000I", "20261126-010000F"


def backup(label: str, stop: int, end: str) -> dict[str, Any]:
    return {
        "label": label,
        "timestamp": {"start": stop - 1, "stop": stop},
        "lsn": {"start": "0/1000028", "stop": end},
        "database": {"id": 1, "repo-key": 1},
        "info": {"size": 31_000_000},
        "archive": {"start": "000000010000000000000001", "stop": "000000010000000000000012"},
    }


def info(*backups: dict[str, Any], last: str | None = "000000010000000000000014", database: int = 1) -> str:
    archive = [{"database": {"id": database, "repo-key": 1}, "id": "17-1", "min": last, "max": last}]
    status = {"code": 0 if backups else 2, "message": "ok" if backups else "no valid backups"}
    return json.dumps(
        [{"name": "main", "archive": archive, "backup": list(backups), "status": status, "db": [{"id": 1}]}]
    )


THREE = (backup(FIRST, 100, "0/A000050"), backup(SECOND, 200, "0/11004B98"), backup(THIRD, 300, "0/12000000"))


def label(text: str, *, named: str | None = None, older: bool = False, seed: int = 0) -> str | None:
    found = choose(text, "main", label=named, older=older, chance=Random(seed))
    return found.label if found else None


def test_the_newest_is_taken() -> None:
    assert label(info(*reversed(THREE))) == THIRD


def test_an_older_one_is_any_but_the_newest() -> None:
    assert {label(info(*THREE), older=True, seed=seed) for seed in range(40)} == {FIRST, SECOND}
    assert label(info(THREE[0]), older=True) is None


def test_a_named_one_is_taken_or_missed() -> None:
    assert label(info(*THREE), named=SECOND) == SECOND
    with pytest.raises(NoBackupError, match="holds no 20200101-000000F: ok"):
        label(info(*THREE), named="20200101-000000F")


def test_a_repository_without_a_backup_says_so() -> None:
    with pytest.raises(NoBackupError, match="holds no backup: no valid backups"):
        label(info())
    with pytest.raises(NoBackupError, match="no stanza main"):
        label("[]")


@given(st.integers(), st.integers(min_value=0, max_value=1 << 20))
def test_the_point_lies_between_the_backup_and_the_last_segment_that_follows(seed: int, more: int) -> None:
    end = position("0/11004B98")
    target = point(end, 0x12 + more, Random(seed))
    assert target is not None
    assert end <= target <= (0x12 + more) * SEGMENT


@pytest.mark.parametrize("last", [0, 0x10, 0x11])
def test_without_a_later_segment_the_backup_is_replayed_to_its_own_end(last: int) -> None:
    assert point(position("0/11004B98"), last, Random(1)) is None


def test_positions_are_read_and_written_as_postgresql_does() -> None:
    assert position("1/0A000050") == (1 << 32) + 0x0A000050
    assert told(position("1/A000050")) == "1/A000050"


def report(which: str, started: str, at: float, fault: str | None = None) -> Report:
    return Report(which, started, at=at, label=FIRST, bytes=10, seconds={"restore": 2.5}, proved=not fault, fault=fault)


def value(reports: list[Report], name: str, **labels: str) -> float | None:
    return metrics(reports).get_sample_value(f"backup_drill_{name}", {"repository": "local", **labels})


def test_the_last_proof_stays_known_when_a_later_drill_fails() -> None:
    reports = [report("newest", "a", 100.0), report("older", "b", 150.0), report("newest", "c", 200.0, "replay")]
    assert value(reports, "last_success_timestamp_seconds", which="newest") == 100
    assert value(reports, "last_timestamp_seconds", which="newest") == 200
    assert {step: value(reports, "fault", which="newest", fault=step) for step in STEPS} == {
        step: float(step == "replay") for step in STEPS
    }
    assert value(reports, "fault", which="older", fault="replay") == 0
    assert value(reports, "step_seconds", which="newest", step="restore") == 2.5


def test_what_was_never_proved_has_no_time_of_proof_but_one_since_when_it_is_not() -> None:
    reports = [report("newest", "a", 1.0, "restore"), report("newest", "b", 2.0, "space")]
    assert value(reports, "last_success_timestamp_seconds", which="newest") is None
    assert value(reports, "unproved_since_timestamp_seconds", which="newest") == 1
    reports.append(report("newest", "c", 3.0))
    assert value(reports, "unproved_since_timestamp_seconds", which="newest") == 3


def test_each_repository_has_figures_of_its_own() -> None:
    reports = [report("newest", "a", 1.0), replace(report("newest", "b", 2.0, "replay"), repository="s3")]
    assert value(reports, "last_success_timestamp_seconds", which="newest") == 1
    assert value(reports, "last_success_timestamp_seconds", which="newest", repository="s3") is None
    assert value(reports, "fault", which="newest", fault="replay", repository="s3") == 1


def test_reports_stay_for_a_year_and_come_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    for day in range(405):
        which = "older" if day % 7 == 0 else "newest"
        started = f"2026{day // 28 % 12 + 1:02}{day % 28 + 1:02}T{day // 336:02}0000Z"
        save(report(which, started, day), folder)
    found = read(folder)
    assert len(found) == 400
    assert found == sorted(found, key=lambda one: one.started)


FULL, INCREMENTAL, LAST = (
    Span(FIRST, full=True, first=10, last=11),
    Span(SECOND, full=False, first=20, last=20),
    Span(THIRD, full=True, first=30, last=31),
)
ALL = [FULL, INCREMENTAL, LAST]


def segment(count: int, timeline: int = 1) -> str:
    return f"{timeline:08X}{count // 256:08X}{count % 256:08X}"


def answer(*ranges: tuple[int, int], timeline: int = 1) -> str:
    lines = [f"wal start: {segment(a, timeline)}, wal stop: {segment(b, timeline)}" for a, b in ranges]
    return "\n".join(f"P00 DETAIL: archiveId: 17-1, {line}" for line in lines)


def told_of(text: str, log: Log | None = None, *aside: str) -> list[str]:
    log = log or Log(1, "")
    return list(faults(text, ALL, {one.label for one in ALL} - set(aside), log.part))


@given(st.integers(min_value=0, max_value=(1 << 40) - 1), st.integers(min_value=1, max_value=9))
def test_a_segment_is_known_by_its_name_on_any_timeline(count: int, timeline: int) -> None:
    assert number(segment(count, timeline)) == count


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ([(10, 40)], []),
        ([(10, 20), (21, 40)], []),
        ([(10, 11), (20, 20), (30, 40)], []),  # what retention leaves
        ([(10, 11), (20, 33), (35, 40)], ["a gap in the log: 1 segments after number 21"]),
        ([(10, 11), (20, 25), (30, 40)], ["a gap in the log: 4 segments after number 19"]),
        ([(10, 11), (30, 40)], [f"a gap in the log: what makes {SECOND} consistent is not all there"]),
        ([(10, 11), (20, 20), (31, 40)], [f"a gap in the log: what makes {THIRD} consistent is not all there"]),
    ],
)
def test_only_retention_leaves_gaps(ranges: list[tuple[int, int]], says: list[str]) -> None:
    assert [one for one in told_of(answer(*ranges)) if one in says or not says] == says


def test_another_timeline_goes_on_where_the_one_before_ended() -> None:
    text = "\n".join([answer((10, 35)), answer((35, 40), timeline=2)])
    assert told_of(text, Log(2, "", {1: 36 * SEGMENT})) == []


def test_what_was_left_behind_hides_no_gap_and_is_none() -> None:
    """A restore went back to segment 25: what timeline 1 has after it, and the backup in it, belong to nobody."""
    left = Log(2, "", {1: 25 * SEGMENT})
    text = "\n".join([answer((10, 50)), answer((25, 27), (29, 40), timeline=2)])
    assert told_of(text, left, THIRD) == ["a gap in the log: 1 segments after number 1B"]
    text = "\n".join([answer((10, 25)), answer((25, 40), timeline=2)])
    assert told_of(text, left, THIRD) == []


def test_a_backup_that_is_being_taken_is_no_fault() -> None:
    line = "DETAIL: unable to open missing file '/var/lib/pgbackrest/backup/main/{}/backup.manifest' for read"
    assert told_of("\n".join([answer((10, 40)), line.format("20261127-010000F")])) == []
    (fault,) = told_of("\n".join([answer((10, 40)), line.format(SECOND)]))
    assert fault.startswith("unable to open missing file")


def test_the_page_stands_alone_and_escapes_what_a_fault_says() -> None:
    reports = [report("newest", "20261125T010000Z", 1.0), report("newest", "20261126T010000Z", 2.0, "rows")]
    reports[1].why = "'<b>' gave 1 & 2"
    drills = [
        Drill(r.started, r.repository, r.which, r.label, r.bytes, 2.5, r.proved, r.fault, r.why, asdict(r))
        for r in reversed(reports)
    ]
    text = page("dev", drills)
    assert "2 drills, 1 proved their backup, the last one began at 20261125T010000Z" in text
    assert "rows: &#39;&lt;b&gt;&#39; gave 1 &amp; 2" in text
    assert text.count("<rect") == 2 + 1  # a step of each, and the red foot
    assert "http" not in text
    assert "0 drills, 0 proved" in page("dev", [])


def test_a_repository_without_any_log_is_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ask", lambda *_: "{}")
    (entry,) = json.loads(info(backup(FIRST, 1, "0/2000000"), last=None))
    with pytest.raises(StepError, match="nothing of the log is archived: no backup can be made consistent"):
        archive.log_of(Repository(1, "own"), entry, None)
