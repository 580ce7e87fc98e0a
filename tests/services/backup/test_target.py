"""By which backup, and by how much log, the database comes back as it was at a moment."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from drill.archive import stanza
from drill.choose import SEGMENT, NoBackupError, position
from drill.lineage import Log, archived, forks, log, newest
from drill.plan import moment
from drill.report import Report
from drill.target import GapError, NotThereError, Planned, Target, along, plan
from repositories import Repository, why

DAY = datetime(2026, 11, 25, tzinfo=UTC)
FIRST, SECOND, ASIDE = "20261125-010000F", "20261125-070000F", "20261125-090000F"
#: Timeline 2 left timeline 1 in the middle of segment 30.
HISTORY = "1\t0/1E800000\tbefore 2026-11-25 08:00:00+00\n"


def hour(number: float) -> datetime:
    return DAY + timedelta(hours=number)


def backup(label: str, at: float, segment: int, timeline: int = 1) -> dict[str, Any]:
    """One that is consistent within one segment."""
    name = f"{timeline:08X}{segment // 256:08X}{segment % 256:08X}"
    return {
        "label": label,
        "timestamp": {"start": hour(at - 0.1).timestamp(), "stop": hour(at).timestamp()},
        "lsn": {"stop": f"0/{segment * SEGMENT + 0x138:X}"},
        "archive": {"start": name, "stop": name},
        "database": {"id": 1},
        "info": {"size": 1000},
    }


#: ASIDE was taken of what timeline 2 left behind.
ENTRY = {
    "status": {"message": "ok"},
    "db": [{"id": 1}],
    "backup": [backup(FIRST, 1, 10), backup(SECOND, 7, 20), backup(ASIDE, 9, 32)],
}


def segments(timeline: int, first: int, last: int, *missing: int) -> dict[str, datetime]:
    """Each a quarter of an hour after the one before; number 10 came at one o'clock."""
    return {
        f"{timeline:08X}{one // 256:08X}{one % 256:08X}": hour(1 + (one - 10) / 4)
        for one in range(first, last + 1)
        if one not in missing
    }


BOTH = segments(1, 10, 36) | segments(2, 30, 40)
ONE, TWO = log(1, BOTH, ""), log(2, BOTH, HISTORY)


def planned(target: Target, of: Log = TWO, reports: list[Report] | None = None) -> Planned:
    return plan(Repository(2, "s3"), ENTRY, of, target, reports or [])


def test_a_history_says_where_timelines_were_left() -> None:
    assert forks(HISTORY + "\n2\t1/0\tno recovery target specified\n# word\n") == {1: 0x1E800000, 2: 1 << 32}


def test_a_restore_that_ended_on_an_earlier_timeline_left_all_later_ones_there() -> None:
    """Asked along timeline 2, it ended before that began: PostgreSQL writes both lines (writeTimeLineHistory)."""
    assert forks("1\t0/1E800000\tx\n2\t0/1A000000\tx\n") == {1: 0x1A000000, 2: 0x1A000000}


def test_a_listing_names_segments_and_nothing_else() -> None:
    name = "000000010000000000000003"
    file = {"type": "file", "time": hour(2).timestamp()}
    listing = {
        f"0000000100000000/{name}-{'a' * 40}.zst": file,
        f"0000000100000000/{name}.partial-{'a' * 40}.zst": file,
        "0000000100000000": {"type": "path"},
        "00000002.history": file,
    }
    assert archived(json.dumps(listing)) == {name: hour(2)}
    assert newest({name: hour(2), "0000000A0000000000000003": hour(1)}) == 10
    assert newest({}) == 0


def test_a_timeline_has_the_log_of_those_before_it_up_to_where_it_left_them() -> None:
    assert (ONE.newest, TWO.newest) == (36, 40)
    assert sorted(TWO.archived) == list(range(10, 41))
    # Left in segment 30: what timeline 1 has after it is another story.
    assert 31 not in log(2, segments(1, 10, 36) | segments(2, 30, 30), HISTORY).archived


def test_the_log_goes_on_up_to_the_next_gap() -> None:
    assert log(1, segments(1, 10, 36, 25), "").reaches(12) == 24
    assert log(1, {}, "").reaches(12) == 11
    assert log(1, segments(1, 10, 36, 12), "").reaches(12) == 11


def test_a_backup_is_not_before_a_moment_of_the_second_in_which_it_ended() -> None:
    """pgBackRest notes whole seconds, and PostgreSQL refuses to stop before the backup's end."""
    assert planned(Target(time=hour(7) + timedelta(milliseconds=999))).label == FIRST
    assert planned(Target(time=hour(7) + timedelta(seconds=1))).label == SECOND


@pytest.mark.parametrize(("at", "label"), [(2.0, FIRST), (7.0, FIRST), (7.1, SECOND), (9.5, SECOND)])
def test_the_newest_backup_before_a_moment_is_taken(at: float, label: str) -> None:
    """What was taken of another timeline is none."""
    assert planned(Target(time=hour(at))).label == label


def test_before_the_first_backup_there_is_nothing() -> None:
    with pytest.raises(
        NoBackupError, match=r"no backup ended before that; the oldest on timeline 2 ended .*T01:00:00Z"
    ):
        planned(Target(time=hour(0.5)))


def test_a_position_is_reached_from_the_newest_backup_before_it() -> None:
    lsn = 25 * SEGMENT + 7
    told = planned(Target(lsn=lsn))
    assert told.label == SECOND
    assert told.options == ("--repo=2", f"--set={SECOND}", "--type=lsn", f"--target=0/{lsn:X}", along(TWO),
                            "--target-action=promote")  # fmt: skip
    assert told.replay == lsn - position("0/14000138")
    with pytest.raises(NotThereError, match="so much log is not archived"):
        planned(Target(lsn=41 * SEGMENT))


def test_a_moment_is_reached_where_the_log_goes_on_behind_it() -> None:
    told = planned(Target(time=hour(7.6)))
    # Archived at 7:45: what came before it is in it, or earlier.
    assert told.replay == 38 * SEGMENT - position("0/14000138")
    assert told.options[2:] == ("--type=time", "--target=2026-11-25 07:36:00+00:00", "--target-exclusive", along(TWO),
                                "--target-action=promote")  # fmt: skip
    assert (told.until, told.beyond) == ("2026-11-25T08:30:00Z", False)
    assert planned(Target(time=hour(8.6))).beyond


def test_a_gap_before_the_moment_is_told_and_one_after_it_is_not_asked() -> None:
    gap = log(2, segments(1, 10, 30, 25) | segments(2, 30, 40), HISTORY)
    with pytest.raises(NotThereError, match=rf"{SECOND} has a gap: without one it leads up to 2026-11-25 04:30:00Z"):
        planned(Target(time=hour(7.5)), gap)
    with pytest.raises(NotThereError, match="has a gap"):
        planned(Target(latest=True), gap)
    assert planned(Target(time=hour(4.2)), gap).label == FIRST
    assert planned(Target(label=SECOND), gap).replay == 0


def test_a_gap_may_close_while_what_is_behind_it_is_new() -> None:
    """Number 26 came at five o'clock; one that cannot be pushed is tried again after a minute."""
    with pytest.raises(GapError) as told:
        planned(Target(latest=True), log(2, segments(1, 10, 30, 25) | segments(2, 30, 40), HISTORY))
    assert told.value.closes(hour(5) + timedelta(seconds=119))
    assert not told.value.closes(hour(5) + timedelta(seconds=121))


def test_where_nothing_is_behind_what_is_missing_there_is_no_gap_that_closes() -> None:
    with pytest.raises(NotThereError, match=f"{FIRST} has a gap: without one it leads nowhere") as told:
        planned(Target(label=FIRST), log(1, {"000000010000000000000008": hour(1)}, ""))
    assert not isinstance(told.value, GapError)


def test_the_end_of_a_timeline_that_was_left_can_be_asked_for() -> None:
    """A restore to what was too early is taken back."""
    told = planned(Target(latest=True), ONE)
    assert (told.label, told.timeline) == (ASIDE, 1)
    assert told.options == ("--repo=2", f"--set={ASIDE}", "--type=default", along(ONE))
    with pytest.raises(NotThereError, match=f"{ASIDE} is of timeline 1, .* say --timeline=1"):
        planned(Target(label=ASIDE))
    assert planned(Target(label=ASIDE), ONE).options[2:] == (
        "--type=immediate",
        along(ONE, immediate=True),
        "--target-action=promote",
    )


def test_a_moment_that_was_left_behind_is_told_and_had_by_its_timeline() -> None:
    """Timeline 2 began at six without what timeline 1 had archived since a quarter to."""
    with pytest.raises(NotThereError, match=r"began without .*: say --timeline=1 for that, or --timeline=2"):
        planned(Target(time=hour(5.9)))
    assert planned(Target(time=hour(5.9), named=True)).label == FIRST
    assert planned(Target(time=hour(5.7))).label == FIRST
    assert planned(Target(time=hour(6.1))).label == FIRST
    # Without anything that was left behind it is an election.
    assert not log(2, segments(1, 10, 30) | segments(2, 30, 40), HISTORY).hides(hour(5.9))


def test_log_that_came_late_says_nothing_of_what_is_in_it() -> None:
    """All of it waited until nine; the next backup began in segment 20."""
    late = log(1, dict.fromkeys(segments(1, 10, 36, 18), hour(9)), "")
    with pytest.raises(NotThereError, match="has a gap"):
        planned(Target(time=hour(2)), late)


def test_a_repository_that_was_added_later_has_no_history_and_goes_on_from_its_own_backups() -> None:
    alone = log(2, segments(2, 30, 40), None)
    entry = {**ENTRY, "backup": [backup(FIRST, 6.5, 32, 2), backup(ASIDE, 7, 20)]}
    told = plan(Repository(2, "s3"), entry, alone, Target(latest=True), [])
    assert (told.label, told.options[-1]) == (FIRST, "--target-timeline=current")


def test_a_named_backup_has_to_be_before_what_is_wanted() -> None:
    assert planned(Target(time=hour(9), label=FIRST)).label == FIRST
    with pytest.raises(NotThereError, match=f"{SECOND} ended 2026-11-25T07:00:00Z, after what is wanted"):
        planned(Target(time=hour(3), label=SECOND))
    with pytest.raises(NoBackupError, match="holds no 20200101-000000F: ok"):
        planned(Target(label="20200101-000000F"))


def test_a_named_point_needs_a_backup() -> None:
    with pytest.raises(NotThereError, match="name a backup before it with --set"):
        planned(Target(name="before_the_migration"))
    told = planned(Target(name="before_the_migration", label=FIRST))
    assert told.options[2:4] == ("--type=name", "--target=before_the_migration")
    assert told.replay is None


def test_how_long_it_takes_is_what_the_last_drills_measured() -> None:
    seconds = {"restore": 2.0, "replay": 4.0}
    mine = Report("newest", "a", bytes=4000, replayed=SEGMENT, seconds=seconds, proved=True, repository="s3")
    drills = [mine] * 3 + [replace(mine, bytes=1, proved=False), replace(mine, seconds={})]
    drills += [replace(mine, bytes=1, repository="local")] * 5
    # 1000 bytes at 2000 a second, and the backup's end to the end of a segment at a quarter of one a second.
    assert planned(Target(lsn=21 * SEGMENT + 0x138), reports=drills).seconds == 0.5 + 4.0
    assert planned(Target(label=FIRST), reports=[]).seconds is None


def test_a_moment_without_a_zone_is_utc() -> None:
    assert moment("2026-11-25 07:30:00") == hour(7.5)
    assert moment("2026-11-25T08:30:00+01:00") == hour(7.5)


def test_what_a_wrong_key_made_of_a_file_is_read_all_the_same() -> None:
    status = {"code": 99, "message": "[FormatError] unable to load file 'a':\n@"}
    listed = json.dumps([{"name": "main", "backup": [], "status": {"message": "other"}, "repo": [{"status": status}]}])
    with pytest.raises(NoBackupError, match="its key is another"):
        stanza(listed.replace("@", "\x01\x02"))


def test_a_repository_without_a_backup_says_so() -> None:
    with pytest.raises(NoBackupError, match="there is no backup: no stanza"):
        stanza("[]")
    with pytest.raises(NoBackupError, match="there is no backup: no valid backups"):
        stanza(json.dumps([{"name": "main", "backup": [], "status": {"message": "no valid backups"}}]))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "[CryptoError] cipher header invalid\nHINT",
            "its key is another, or it is damaged: [CryptoError] cipher header",
        ),
        (
            "[FormatError] unable to load info file 'a':\n\x00\x01",
            "its key is another, or it is damaged: [FormatError] ",
        ),
        ("[HostConnectError] unable to load:\n  refused\n  again", "[HostConnectError] unable to load: refused"),
    ],
)
def test_what_a_repository_says_is_told_without_what_came_out_of_it(said: str, told: str) -> None:
    entry = {"status": {"message": "other"}, "repo": [{"status": {"code": 99, "message": said}}]}
    assert why(entry).startswith(told)
    assert why({**entry, "repo": [{"status": {"code": 0, "message": "ok"}}]}) == "other"
