"""What is to be restored, by which backup, and whether the log leads there. Pure."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from repositories import Repository, why

from drill import lineage
from drill.archive import timeline_of
from drill.choose import SEGMENT, NoBackupError, position, told
from drill.report import Report
from drill.repository import number

#: Drills whose pace counts.
_PACE = 5
#: For so long after the first segment behind it came a gap may close.
CLOSES = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Target:
    """One is given, or `label` alone. `time`: with its zone."""

    time: datetime | None = None
    lsn: int | None = None
    name: str | None = None
    label: str | None = None
    latest: bool = False
    #: Whether somebody named the timeline.
    named: bool = False

    @property
    def immediate(self) -> bool:
        """Whether it is a backup's own end."""
        return self.time is None and self.lsn is None and self.name is None and not self.latest


@dataclass(frozen=True, slots=True)
class Planned:
    """As `backup-plan` prints it."""

    repository: str
    label: str
    ended: str
    bytes: int
    timeline: int
    last: str
    options: tuple[str, ...]
    replay: int | None
    until: str
    beyond: bool
    seconds: float | None


class NotThereError(Exception):
    """The repository does not lead to what is wanted."""


class GapError(NotThereError):
    """Segments are missing before some that are there. `since`: when the first of these came."""

    def __init__(self, message: str, since: datetime) -> None:
        super().__init__(message)
        self.since = since

    def closes(self, now: datetime) -> bool:
        """Whether what is missing may still come: a segment that could not be pushed is tried again a minute later
        (PostgreSQL's pgarch.c), and pgBackRest goes on with those behind it meanwhile (pgbackrest#2802)."""
        return now - self.since < CLOSES


def plan(
    repository: Repository, entry: dict[str, Any], log: lineage.Log, target: Target, reports: list[Report]
) -> Planned:
    """`entry`: of the stanza, from `pgbackrest info --output=json`. NoBackupError, NotThereError."""
    if target.time is not None and not target.named and log.hides(target.time):
        raise NotThereError(
            f"timeline {log.timeline} began without what was there then: say --timeline={max(log.left)} for that, or "
            f"--timeline={log.timeline} for what it began with"
        )
    backup = _backup(entry, log, target)
    end, reached = position(backup["lsn"]["stop"]), log.reaches(number(backup["archive"]["start"]))
    last = _last(log, target, end, _after(entry, target))
    if reached < number(backup["archive"]["stop"]) or (last is not None and reached < last):
        raise _gap(backup["label"], log, reached)
    until = log.archived.get(reached)
    replay, size = _replayed(log, target, end, last), int(backup["info"]["size"])
    return Planned(
        repository=repository.name,
        label=backup["label"],
        ended=_when(_ended(backup)),
        bytes=size,
        timeline=log.timeline,
        last=log.last,
        options=(repository.option, f"--set={backup['label']}", *_options(target, log)),
        replay=replay,
        until=_when(until) if until else "",
        beyond=target.time is not None and log.passes(target.time) is None,
        seconds=_seconds([one for one in reports if one.repository == repository.name], size, replay),
    )


def _gap(label: str, log: lineage.Log, reached: int) -> NotThereError:
    there = f"up to {log.archived[reached]:%Y-%m-%d %H:%M:%S}Z" if reached in log.archived else "nowhere"
    message = f"the log that follows {label} has a gap: without one it leads {there}"
    behind = [at for one, at in log.archived.items() if one > reached]
    return GapError(message, min(behind)) if behind else NotThereError(message)


def _backup(entry: dict[str, Any], log: lineage.Log, target: Target) -> dict[str, Any]:
    """The newest that fits, or that of the label."""
    if target.name is not None and target.label is None:
        raise NotThereError("nobody knows when a named point was made: name a backup before it with --set")
    known = [one for one in entry["backup"] if one["database"]["id"] == entry["db"][-1]["id"]]
    backups = sorted(known, key=lambda one: (one["timestamp"]["stop"], one["label"]))
    here = [one for one in backups if log.leads_here(timeline_of(one), position(one["lsn"]["stop"]))]
    fit = [one for one in here if _before(one, target)]
    if target.label is None:
        if not fit:
            oldest = f"; the oldest on timeline {log.timeline} ended {_when(_ended(here[0]))}" if here else ""
            raise NoBackupError(f"no backup ended before that{oldest}")
        newest: dict[str, Any] = fit[-1]
        return newest
    found: dict[str, Any] | None = next((one for one in backups if one["label"] == target.label), None)
    if found is None:
        raise NoBackupError(f"the repository holds no {target.label}: {why(entry)}")
    if found not in here:
        raise NotThereError(
            f"{target.label} is of timeline {timeline_of(found)}, which timeline {log.timeline} left before the backup "
            f"ended; say --timeline={timeline_of(found)}"
        )
    if found not in fit:
        raise NotThereError(f"{target.label} ended {_when(_ended(found))}, after what is wanted; name an older one")
    return found


def _before(backup: dict[str, Any], target: Target) -> bool:
    if target.time is not None:
        # Noted in whole seconds: it ended somewhere in that one, and recovery cannot stop before its end.
        return _ended(backup) + timedelta(seconds=1) <= target.time
    return target.lsn is None or position(backup["lsn"]["stop"]) <= target.lsn


def _after(entry: dict[str, Any], target: Target) -> int | None:
    """Number of the segment in which the first backup began after a moment: what was committed by then is before it.
    When segments came says less: what had to wait comes late."""
    if target.time is None:
        return None
    later = [one for one in entry["backup"] if datetime.fromtimestamp(one["timestamp"]["start"], UTC) > target.time]
    return min((number(one["archive"]["start"]) for one in later), default=None)


def _last(log: lineage.Log, target: Target, end: int, after: int | None) -> int | None:
    """Number of the last segment that is needed; None where the backup is all that is. NotThereError."""
    if target.lsn is not None:
        if target.lsn >= (log.newest + 1) * SEGMENT:
            raise NotThereError("so much log is not archived; what is written last is within a minute")
        return max(target.lsn, end) // SEGMENT
    if target.time is not None:
        return min(log.newest, log.newest if after is None else after)
    return log.newest if target.latest or target.name else None


def _replayed(log: lineage.Log, target: Target, end: int, last: int | None) -> int | None:
    if target.name is not None:
        return None
    if target.lsn is not None:
        return target.lsn - end
    if target.time is not None:
        last = log.passes(target.time) or last
    return 0 if last is None else max(0, (last + 1) * SEGMENT - end)


def _options(target: Target, log: lineage.Log) -> Iterator[str]:
    """pgBackRest's, command reference, `restore`."""
    if target.time is not None:
        # What is committed at the moment itself is not before it.
        yield from ("--type=time", f"--target={target.time.isoformat(sep=' ')}", "--target-exclusive")
    elif target.lsn is not None:
        yield from ("--type=lsn", f"--target={told(target.lsn)}")
    elif target.name is not None:
        yield from ("--type=name", f"--target={target.name}")
    else:
        yield "--type=immediate" if target.immediate else "--type=default"
    yield along(log, immediate=target.immediate)
    if not target.latest:
        yield "--target-action=promote"


def along(log: lineage.Log, *, immediate: bool = False) -> str:
    """pgBackRest's own option for it, which it also checks the backup by, is not valid with `--type=immediate`.
    Without a history no number is taken (PostgreSQL's xlogrecovery.c): then it is the backup's own."""
    timeline = log.timeline if log.known else "current"
    return f"--recovery-option=recovery_target_timeline={timeline}" if immediate else f"--target-timeline={timeline}"


def _seconds(reports: list[Report], size: int, replay: int | None) -> float | None:
    """To restore and to replay so many bytes at the pace of the last drills."""
    proved = [one for one in reports if one.proved][-_PACE:]
    paces = [
        (one.bytes / one.seconds["restore"], one.replayed / one.seconds["replay"])
        for one in proved
        if one.seconds.get("restore") and one.seconds.get("replay")
    ]
    if not paces:
        return None
    restores = statistics.median(restored for restored, _ in paces)
    replays = statistics.median(replayed for _, replayed in paces)
    return float(round(size / restores + ((replay or 0) / replays if replays else 0.0), 1))


def _ended(backup: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(backup["timestamp"]["stop"], UTC)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
