"""Which backups stay: grandfathers, fathers and sons. Pure, so that years of calendars can be tried.

The newest backup of each of the last days, weeks and months stays, a full one where the period has one; so does every
backup that is younger than the floor, and whatever a kept one is made of. Periods are counted as far as there are
backups in them (UTC; weeks are those of ISO 8601): a week without a run does not cost an older one its place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Backup:
    """`at`: when it ended, UTC. `needs`: labels of the backups that it is made of. `damaged`: pgBackRest found pages
    with a wrong checksum."""

    label: str
    full: bool
    at: datetime
    needs: frozenset[str] = frozenset()
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """Of how many days, weeks and months one stays, and what is too young to go."""

    daily: int
    weekly: int
    monthly: int
    floor: timedelta


@dataclass(frozen=True, slots=True)
class Decision:
    """`reasons` why it stays; none when it goes."""

    backup: Backup
    reasons: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether it stays."""
        return bool(self.reasons)


def _week(at: datetime) -> str:
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


#: How a moment's period is called; names of later periods are greater.
_PERIODS: dict[str, Callable[[datetime], str]] = {
    "day": lambda at: f"{at:%Y-%m-%d}",
    "week": _week,
    "month": lambda at: f"{at:%Y-%m}",
}


def decide(backups: Iterable[Backup], policy: Policy, now: datetime) -> list[Decision]:
    """A decision for each, the newest first."""
    newest = sorted(backups, key=lambda backup: (backup.at, backup.label), reverse=True)
    reasons: dict[str, list[str]] = {backup.label: [] for backup in newest}
    for label, reason in _wanted(newest, policy, now):
        reasons[label].append(reason)
    for backup in newest:
        if reasons[backup.label]:
            for needed in sorted(backup.needs & reasons.keys()):
                reasons[needed].append(f"needed by {backup.label}")
    return [Decision(backup, tuple(reasons[backup.label])) for backup in newest]


def _wanted(newest: list[Backup], policy: Policy, now: datetime) -> Iterator[tuple[str, str]]:
    """Labels, and why; a label may come more than once."""
    for backup in newest:
        # The clock was ahead, or is behind: whoever is not surely old is young.
        if now - backup.at < policy.floor:
            yield backup.label, f"younger than {_told(policy.floor)}"
    for kind, count in {"day": policy.daily, "week": policy.weekly, "month": policy.monthly}.items():
        found: dict[str, list[Backup]] = {}
        for backup in newest:
            found.setdefault(_PERIODS[kind](backup.at), []).append(backup)
        for period in sorted(found, reverse=True)[:count]:
            yield _best(found[period]).label, f"{kind} {period}"
    usable = [backup for backup in newest if not backup.damaged]
    for best in usable[:1]:
        yield best.label, "the newest that is whole"


def _best(period: list[Backup]) -> Backup:
    """The newest; a whole one before one with damaged pages, a full one before one that needs others."""
    return max(period, key=lambda backup: (not backup.damaged, backup.full, backup.at, backup.label))


def _told(span: timedelta) -> str:
    return f"{span.days} days" if span >= timedelta(days=1) else f"{span.total_seconds() / 3600:g} hours"


def expired(decisions: list[Decision]) -> Iterator[str]:
    """Labels to expire, in an order in which each removal takes nothing along that stays: pgBackRest removes what is
    made of a backup with it (command reference, `expire`, "set"). What goes along is not named."""
    gone: set[str] = set()
    for decision in sorted(decisions, key=lambda one: (one.backup.at, one.backup.label)):
        if not decision.kept and not decision.backup.needs & gone:
            yield decision.backup.label
        if not decision.kept:
            gone.add(decision.backup.label)


def continuous(decisions: list[Decision], policy: Policy, now: datetime) -> int:
    """Of how many full backups, the newest, all of the log stays: every moment since can be restored. Others keep what
    makes them consistent."""
    fulls = [one.backup for one in decisions if one.kept and one.backup.full]
    young = sum(now - backup.at < policy.floor for backup in fulls)
    # The last before the floor is where the days after the floor begin.
    return max(1, min(len(fulls), young + 1))
