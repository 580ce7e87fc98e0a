"""Grandfathers, fathers and sons: which backups stay, over years of calendars."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retention.catalogue import CatalogueError, busy, read
from retention.decide import Backup, Decision, Policy, continuous, decide, expired

BEGIN = datetime(2026, 1, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
POLICY = Policy(daily=7, weekly=4, monthly=12, floor=timedelta(days=2))


def taken(at: datetime, chain: list[Backup]) -> Backup:
    """An incremental one on top of a chain; a full one where that is empty."""
    label = f"{chain[0].label}_{at:%Y%m%d-%H%M%S}I" if chain else f"{at:%Y%m%d-%H%M%S}F"
    return Backup(label, not chain, at, frozenset(backup.label for backup in chain))


def day(at: datetime) -> list[Backup]:
    """One full at 01:00, incremental ones at 07:00, 13:00 and 19:00."""
    chain: list[Backup] = []
    for hours in (0, 6, 12, 18):
        chain.append(taken(at + hours * HOUR, chain))
    return chain


def remove(backups: list[Backup], labels: set[str]) -> list[Backup]:
    """As pgBackRest does: what is made of one goes with it."""
    return [backup for backup in backups if backup.label not in labels and not backup.needs & labels]


def kept(decisions: list[Decision]) -> set[str]:
    return {one.backup.label for one in decisions if one.kept}


def because(decisions: list[Decision], word: str) -> int:
    return sum(any(reason.startswith(f"{word} ") for reason in one.reasons) for one in decisions)


def three_years() -> Iterator[tuple[int, datetime, list[Decision]]]:
    """Each day, after its last backup: what is decided; and it is done."""
    backups: list[Backup] = []
    for number in range(3 * 365):
        at = BEGIN + number * DAY
        backups += day(at)
        now = at + 20 * HOUR
        decisions = decide(backups, POLICY, now)
        yield number, now, decisions
        backups = remove(backups, set(expired(decisions)))
        assert {backup.label for backup in backups} == kept(decisions)


def test_three_years_leave_seven_days_four_weeks_and_twelve_months_each_day() -> None:
    for number, now, decisions in three_years():
        months = (now.year - BEGIN.year) * 12 + now.month
        weeks = (now.date() - (BEGIN - BEGIN.weekday() * DAY).date()).days // 7 + 1
        found = {word: because(decisions, word) for word in ("day", "week", "month")}
        assert found == {"day": min(7, number + 1), "week": min(4, weeks), "month": min(12, months)}, now


def test_no_more_than_the_policy_allows_is_left_in_the_end() -> None:
    *_, (_, now, decisions) = three_years()
    fulls = [one for one in decisions if one.kept and one.backup.full]
    assert len(fulls) <= 7 + 4 + 12
    assert all(now - one.backup.at < POLICY.floor for one in decisions if one.kept and not one.backup.full)


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[list[Backup], datetime]:
    """Runs at any times, some missed, some with damaged pages; clocks that jump, chains of any length."""
    at, backups = BEGIN, list[Backup]()
    chain: list[Backup] = []
    for number in range(draw(st.integers(1, 60))):
        at += timedelta(minutes=draw(st.integers(-600, 60 * 24 * 40)))
        if not chain or draw(st.booleans()):
            chain = []
        made = replace(taken(at, chain), damaged=draw(st.integers(0, 9)) == 0)
        made = replace(made, label=f"{number:03}-{made.label}")
        chain = [*chain, made] if draw(st.booleans()) else chain or [made]
        backups.append(made)
    return backups, at + timedelta(hours=draw(st.integers(-48, 24 * 30)))


policies = st.builds(
    Policy, st.integers(1, 10), st.integers(0, 8), st.integers(0, 14), st.integers(1, 60 * 24).map(lambda h: h * HOUR)
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(catalogues(), policies)
def test_what_holds_for_every_catalogue(found: tuple[list[Backup], datetime], policy: Policy) -> None:
    backups, now = found
    decisions = decide(backups, policy, now)
    stays = kept(decisions)
    by_label = {backup.label: backup for backup in backups}
    # Nothing younger than the floor goes, nor what a kept one is made of, nor the newest that is whole.
    assert {backup.label for backup in backups if now - backup.at < policy.floor} <= stays
    assert all(by_label[label].needs <= stays for label in stays)
    whole = [backup for backup in backups if not backup.damaged]
    assert not whole or max(whole, key=lambda backup: (backup.at, backup.label)).label in stays
    assert stays
    # What is named for removal takes nothing along that stays, and all that goes.
    assert {backup.label for backup in remove(backups, set(expired(decisions)))} == stays
    # A run that is killed after any removal leaves what the next one brings to the same end.
    for number in range(len(labels := list(expired(decisions)))):
        left = remove(backups, set(labels[:number]))
        assert kept(decide(left, policy, now)) == stays
    fulls = sum(by_label[label].full for label in stays)
    assert 1 <= continuous(decisions, policy, now) <= max(1, fulls)


def test_a_period_is_told_by_its_newest_full_backup_that_is_whole() -> None:
    monday = day(BEGIN)
    later = replace(taken(BEGIN + 20 * HOUR, []), damaged=True)
    decisions = decide([*monday, later], Policy(1, 0, 0, HOUR), BEGIN + 30 * DAY)
    assert kept(decisions) == {monday[0].label, monday[3].label} | monday[3].needs


def test_the_log_is_whole_from_the_full_backup_before_the_floor() -> None:
    backups = [backup for number in range(10) for backup in day(BEGIN + number * DAY)]
    now = BEGIN + 9 * DAY + 20 * HOUR
    assert continuous(decide(backups, POLICY, now), POLICY, now) == 3


INFO = """[{"name": "main", "status": {"code": 0, "lock": {"backup": {"held": false}}, "message": "ok"}, "backup": [
  {"label": "20260101-010000F", "type": "full", "prior": null, "reference": null, "error": false,
   "timestamp": {"start": 1767229200, "stop": 1767229260}},
  {"label": "20260101-010000F_20260101-070000I", "type": "incr", "prior": "20260101-010000F", "error": true,
   "reference": ["20260101-010000F"], "timestamp": {"start": 1767250800, "stop": 1767250860}}]}]"""


def test_a_catalogue_is_read() -> None:
    full, incremental = read(INFO, "main")
    assert (full.full, full.at, full.damaged) == (True, datetime(2026, 1, 1, 1, 1, tzinfo=UTC), False)
    assert (incremental.full, incremental.needs, incremental.damaged) == (False, frozenset({"20260101-010000F"}), True)


def test_nothing_is_decided_by_an_answer_that_is_none() -> None:
    with pytest.raises(CatalogueError, match="no stanza other"):
        read(INFO, "other")
    with pytest.raises(CatalogueError, match="stanza main: no valid backups"):
        read(INFO.replace('"code": 0', '"code": 2').replace('"ok"', '"no valid backups"'), "main")


def test_those_that_have_ended_are_told_while_another_is_taken() -> None:
    meanwhile = INFO.replace("false}", "true}")
    assert (busy(INFO, "main"), busy(meanwhile, "main")) == (False, True)
    assert read(meanwhile, "main") == read(INFO, "main")
