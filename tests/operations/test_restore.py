"""What a restore is said to do before it is done."""

from datetime import UTC, datetime

from basalt.operations.restore.plan import Planned, told, wanted

NOON = datetime(2026, 11, 25, 12, 0)  # noqa: DTZ001  as the terminal reads it: UTC
PLANNED = Planned(
    repository="s3",
    label="20261125-010000F",
    ended="2026-11-25T01:02:03Z",
    bytes=31_000_000,
    timeline=2,
    last="0000000300000000000000A1",
    options=("--set=20261125-010000F", "--type=time"),
    replay=48 << 20,
    until="2026-11-25T12:40:00Z",
    beyond=False,
    seconds=42.4,
    member="postgres-2",
    leader="postgres-2",
)


def test_a_moment_is_asked_for_as_the_program_beside_the_repository_takes_it() -> None:
    assert wanted(at=NOON, set="A", timeline=2) == [
        "--time=2026-11-25T12:00:00.000000+00:00",
        "--set=A",
        "--timeline=2",
    ]
    assert wanted(latest=True) == ["--latest"]
    assert wanted(lsn="0/5000060") == ["--lsn=0/5000060"]
    assert wanted(name="before", set="A") == ["--name=before", "--set=A"]


def test_it_is_told_what_is_lost_and_how_long_it_takes() -> None:
    lines = list(told(PLANNED, NOON, datetime(2026, 11, 26, 14, 3, 9, tzinfo=UTC)))
    assert lines[0] == (
        "20261125-010000F of s3 (ended 2026-11-25T01:02:03Z, 31 MB) is restored on postgres-2, "
        "then 50 MB of log at most replayed"
    )
    assert "about 42 s by the last drills" in lines[1]
    assert "all that was committed later of the last 1 d 2 h;" in lines[2]
    assert lines[3].endswith("basalt restore --latest --timeline 3 takes this back")
    assert len(lines) == 4


def test_what_nobody_knows_is_not_guessed() -> None:
    given = {name: getattr(PLANNED, name) for name in PLANNED.__slots__}
    unknown = Planned(**{**given, "seconds": None, "leader": None, "replay": None, "options": ("--type=name",)})
    lines = list(told(unknown, None, datetime.now(UTC)))
    assert "log up to a named point" in lines[0]
    assert "no drill has measured" in lines[1]
    assert lines[-1].startswith("nobody leads now: what was committed after 2026-11-25T12:40:00Z may not be")
    latest = Planned(**{**given, "options": ("--type=default",)})
    assert "nothing that is archived is lost" in list(told(latest, None, datetime.now(UTC)))
