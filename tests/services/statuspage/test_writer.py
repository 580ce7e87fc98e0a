"""Turn after turn, through whatever happens to the writer and to whom it asks."""

import json
from pathlib import Path
from typing import Any

import pytest
from statuspage.config import Config
from statuspage.history import read
from statuspage.looks import Answer
from statuspage.writer import Unanswered, Writer

from tests.services.statuspage.lab import NOON, ORDERS, PAYMENTS, World, config, every, looked

HOUR = 3600.0


def world(*gaps: tuple[float, float], outage: tuple[float, float] = (0, 0)) -> World:
    """Three hours, looked at but in gaps; payments are away for a while."""
    times = [t for t, _ in every(NOON, NOON + 3 * HOUR, 1) if not any(begin <= t < end for begin, end in gaps)]
    good = [(time, 1.0) for time in times]
    paid = [(time, 0.0 if outage[0] <= time < outage[1] else 1.0) for time in times]
    return World([*(looked(target, good) for target in ORDERS.targets), looked(PAYMENTS.targets[0], paid)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "public").mkdir()
    return tmp_path


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "public" / "status.json").read_text())
    return found


def turns(writer: Writer, begin: float, end: float, step: float = 5) -> None:
    while begin <= end:
        writer.turn(config(), begin)
        begin += step


def test_it_begins_with_what_prometheus_still_has(folder: Path) -> None:
    writer = Writer.start(folder, world(), NOON + HOUR)
    writer.turn(config(), NOON + HOUR)
    assert status(folder)["headline"] == "Everything works"
    assert sum(day.known for day in writer.kept.days["/"].values()) == pytest.approx(HOUR - 30)


def test_an_outage_is_told_with_the_next_turn_and_kept_when_it_is_over(folder: Path) -> None:
    writer = Writer.start(folder, world(outage=(NOON + 600, NOON + 660)), NOON + 600)
    writer.turn(config(), NOON + 601)
    assert status(folder)["headline"] == "Not available: Payments"
    assert status(folder)["incidents"] == []
    writer.turn(config(), NOON + 620)
    assert [one["end"] for one in status(folder)["incidents"]] == [None]
    writer.turn(config(), NOON + 661)
    assert status(folder)["headline"] == "Everything works"
    turns(writer, NOON + 666, NOON + 800)
    (incident,) = writer.kept.incidents
    assert (incident.begin, incident.end, incident.over) == (NOON + 600, NOON + 660, True)


def test_a_restart_loses_nothing_that_prometheus_still_has(folder: Path) -> None:
    seen = world(outage=(NOON + 600, NOON + 660))
    writer = Writer.start(folder, seen, NOON + 610)
    turns(writer, NOON + 610, NOON + 640)
    writer.save(NOON + 640)
    again = Writer.start(folder, seen, NOON + 2 * HOUR)
    again.turn(config(), NOON + 2 * HOUR)
    fresh = Writer.start(folder / "other", seen, NOON + 2 * HOUR)
    (folder / "other" / "public").mkdir(parents=True)
    fresh.turn(config(), NOON + 2 * HOUR)
    assert again.kept.incidents == fresh.kept.incidents
    assert again.kept.days["/pay"]["2026-03-01"].known == pytest.approx(fresh.kept.days["/pay"]["2026-03-01"].known)


def test_time_that_nobody_looked_at_is_unknown(folder: Path) -> None:
    writer = Writer.start(folder, world((NOON + 600, NOON + 1200)), NOON + HOUR)
    writer.turn(config(), NOON + 900)
    assert status(folder)["headline"] == "No data"
    writer.turn(config(), NOON + HOUR)
    day = writer.kept.days["/"]["2026-03-01"]
    # The look before the gap stands for two and a half intervals, not for one.
    assert day.known == pytest.approx(HOUR - 30 - 585)
    assert day.good == day.known


def test_when_nobody_answers_the_page_says_so_and_the_past_stays(folder: Path) -> None:
    writer = Writer.start(folder, world(), NOON + HOUR)
    writer.turn(config(), NOON + HOUR)
    kept = writer.kept

    def silent(_: Config, begin: float, end: float) -> Answer:
        raise Unanswered("connection refused")

    writer.ask = silent
    writer.turn(config(), NOON + HOUR + 5)
    assert status(folder)["headline"] == "Everything works", "one question without an answer is no news"
    writer.turn(config(), NOON + HOUR + 30)
    assert status(folder)["headline"] == "No data"
    assert status(folder)["data_until"] == "2026-03-01T13:00:00Z"
    assert writer.kept == kept
    assert "13:00" in (folder / "public" / "index.html").read_text()


def test_that_nobody_answers_is_logged_once_and_so_is_its_end(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "statuspage")
    writer = Writer.start(folder, world(), NOON + HOUR)

    def silent(_: Config, begin: float, end: float) -> Answer:
        raise Unanswered("connection refused")

    for ask in (world(), silent, silent, silent, world(), world()):
        writer.ask = ask
        writer.turn(config(), NOON + HOUR)
    assert caplog.messages == ["nobody tells how it is: connection refused", "there are answers again"]


def test_a_clock_that_goes_back_counts_nothing_twice(folder: Path) -> None:
    writer = Writer.start(folder, world(), NOON + HOUR)
    for now in (NOON + HOUR, NOON + HOUR / 2, NOON + HOUR):
        writer.turn(config(), now)
    assert writer.kept.days["/"]["2026-03-01"].known == pytest.approx(HOUR - 30)
    writer.turn(config(), NOON + HOUR / 2)
    assert status(folder)["headline"] == "Everything works", "how it is now does not wait for the account"


def test_the_history_is_kept_every_minute(folder: Path) -> None:
    writer = Writer.start(folder, world(), NOON + 600)
    turns(writer, NOON + 600, NOON + 655)
    first = read(folder / "history.json")
    assert first is not None
    assert first.until == NOON + 570
    writer.turn(config(), NOON + 660)
    assert read(folder / "history.json") == writer.kept


def test_readers_meet_whole_files_and_nothing_else(folder: Path) -> None:
    writer = Writer.start(folder, world(), NOON + HOUR)
    turns(writer, NOON + HOUR, NOON + HOUR + 10)
    names = {"index.html", "incidents.html", "sla.html", "feed.atom", "icon.svg", "page.css", "status.json", "sla.json"}
    assert {path.name for path in (folder / "public").iterdir()} == names


def test_what_has_not_changed_is_not_written_again(folder: Path) -> None:
    writer = Writer.start(folder, world(), NOON + HOUR)
    writer.turn(config(), NOON + HOUR)
    before = (folder / "public" / "page.css").stat().st_ino
    writer.turn(config(), NOON + HOUR + 5)
    assert (folder / "public" / "page.css").stat().st_ino == before
