"""What `pgbackrest verify` says of a repository: whether its files are there and are what they were, and whether the
log has no gap. Pure. It ends with 0 whatever it finds, and tells in details alone what is kept twice and lost once."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from repositories import parse

#: Options of `verify` with which it tells all of it.
VERBOSE = ("--output=text", "--log-level-console=detail", "verify")

_COUNT = re.compile(
    r"^\s+(backup: \S+, status: invalid|archiveId: |missing: |checksum invalid: |size invalid: |other: )"
)
_TWICE = re.compile(r"(unable to open missing file|missing or unusable)")
_NAMED = re.compile(r"(?P<label>\d{8}-\d{6}F(_\d{8}-\d{6}[DI])?)/backup\.manifest")
_RANGE = re.compile(r"wal start: ([0-9A-F]{24}), wal stop: ([0-9A-F]{24})")

_GAP = "a gap in the log"

#: Two segments' names -> numbers of what of them counts.
Part = Callable[[str, str], tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Span:
    """The segments of the log that make one backup consistent, by number, both included."""

    label: str
    full: bool
    first: int
    last: int


def spans(text: str, stanza: str) -> list[Span]:
    """From `pgbackrest info --output=json`."""
    return [
        Span(
            entry["label"],
            entry["type"] == "full",
            number(entry["archive"]["start"]),
            number(entry["archive"]["stop"]),
        )
        for found in parse(text)
        if found["name"] == stanza
        for entry in found["backup"]
        if entry["database"]["id"] == found["db"][-1]["id"]
    ]


def number(segment: str) -> int:
    """Which one of the log a file is, whatever its timeline: 256 of 16 MiB make the middle part of a name."""
    return int(segment[8:16], 16) * 256 + int(segment[16:24], 16)


def faults(answer: str, backups: list[Span], here: set[str], part: Part) -> Iterator[str]:
    """What is wrong, in words; nothing when all is well. A backup that is being taken is none yet. `here`: labels of
    the backups that the newest timeline goes on from; `part`: what of the log is in it (lineage.py)."""
    labels = {backup.label for backup in backups}
    if "status: error" in answer:
        yield from (line.strip() for line in answer.splitlines() if _COUNT.match(line))
    for line in answer.splitlines():
        about = _NAMED.search(line)
        if _TWICE.search(line) and (about is None or about["label"] in labels):
            yield line.split("DETAIL: ")[-1]
    yield from _gaps(_merged(answer, part), [backup for backup in backups if backup.label in here])


def _merged(answer: str, part: Part) -> list[tuple[int, int]]:
    """First and last numbers of the segments that are there without a gap."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(filter(None, (part(first, last) for first, last in _RANGE.findall(answer)))):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _gaps(merged: list[tuple[int, int]], backups: list[Span]) -> Iterator[str]:
    """Retention leaves a gap between two backups and no other, and none since the newest full one: from there on every
    moment has to be restorable."""
    for backup in backups:
        if not any(first <= backup.first and backup.last <= last for first, last in merged):
            yield f"{_GAP}: what makes {backup.label} consistent is not all there"
    newest = max((backup.first for backup in backups if backup.full), default=0)
    for (_, before), (after, _) in itertools.pairwise(merged):
        expired = before in {backup.last for backup in backups} and after in {backup.first for backup in backups}
        if after > newest or not expired:
            yield f"{_GAP}: {after - before - 1} segments after number {before:X}"


def is_gap(fault: str) -> bool:
    """Whether it could close by itself."""
    return fault.startswith(_GAP)
