"""The archived log: which timelines lead to which, and how far it goes on from a backup without a gap. Pure.

A database that was restored to an earlier moment, or elected anew, goes on in a timeline of its own; its history file
says where it left the one before (PostgreSQL manual, 25.3.6, "Timelines")."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from drill.choose import SEGMENT, position
from drill.repository import number

_NAME = re.compile(r"(?P<segment>[0-9A-F]{24})-[0-9a-f]{40}(\.\w+)?$")


def timeline(segment: str) -> int:
    """Of a segment, by its name."""
    return int(segment[:8], 16)


def forks(history: str) -> dict[int, int]:
    """From a history file: where each earlier timeline was left, in bytes. Where a restore ended on an earlier one than
    it was asked along, later lines stand before earlier positions: nothing after these was replayed."""
    lines = [line.split() for line in history.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    left: dict[int, int] = {}
    for own, end, *_ in reversed(lines):
        left[int(own)] = min([position(end), *left.values()])
    return left


@dataclass(frozen=True, slots=True)
class Log:
    """What is archived of one timeline and of those that lead to it. `last`: name of the newest segment of the newest
    timeline of all. `left`: where each timeline before this one was left; `archived`: the segments by number, and when
    each came. `began`: when the first of its own came; `forgone`: when the first of those that were left behind did."""

    timeline: int
    last: str
    left: dict[int, int] = field(default_factory=dict)
    archived: dict[int, datetime] = field(default_factory=dict)
    #: False where its history is not in the repository, as in one that was added later: then only its own is known.
    known: bool = True
    began: datetime | None = None
    forgone: datetime | None = None

    def leads_here(self, timeline: int, end: int) -> bool:
        """Whether what ended on a timeline at a position (bytes) is part of this one."""
        return timeline == self.timeline or end <= self.left.get(timeline, -1)

    @property
    def newest(self) -> int:
        """Number of the last segment; -1 where there is none."""
        return max(self.archived, default=-1)

    def reaches(self, first: int) -> int:
        """Number of the last segment up to which there is no gap from a first one on; the one before it where that is
        missing."""
        while first in self.archived:
            first += 1
        return first - 1

    def hides(self, moment: datetime) -> bool:
        """Whether a moment may be of what was left behind when the timeline began: then it is not in it."""
        return self.forgone is not None and self.began is not None and self.forgone <= moment < self.began

    def part(self, first: str, last: str) -> tuple[int, int] | None:
        """What of a range of segments, given by two names, is part of it, by number."""
        own, begin, end = timeline(first), number(first), number(last)
        if own != self.timeline:
            end = min(end, self.left.get(own, -1) // SEGMENT)
        return (begin, end) if begin <= end else None

    def passes(self, moment: datetime) -> int | None:
        """Number of the first segment that was archived at or after a moment; what is later lies behind it."""
        return min((which for which, at in self.archived.items() if at >= moment), default=None)


def archived(listing: str) -> dict[str, datetime]:
    """Segments by name, and when they came, from `pgbackrest repo-ls --recurse --output=json`."""
    found = {_NAME.search(path): entry for path, entry in json.loads(listing).items() if entry["type"] == "file"}
    return {match["segment"]: datetime.fromtimestamp(entry["time"], UTC) for match, entry in found.items() if match}


def newest(segments: dict[str, datetime]) -> int:
    """The newest timeline that has log; 0 where none has."""
    return max(map(timeline, segments), default=0)


def log(which: int, segments: dict[str, datetime], history: str | None) -> Log:
    """Of a timeline; its history is None where there is none. A segment in which a timeline is left is there twice,
    under both names."""
    left = forks(history or "")
    found: dict[int, datetime] = {}
    behind: list[datetime] = []
    for name in sorted(segments):
        own, one = timeline(name), number(name)
        if own == which or one * SEGMENT < left.get(own, -1):
            found[one] = segments[name]
        elif own == max(left, default=0):
            behind.append(segments[name])
    began = min((at for name, at in segments.items() if timeline(name) == which), default=None)
    # The segment in which it was left came with its end; the one before it surely lies before.
    last = found.get(min(left.values(), default=0) // SEGMENT - 1)
    known = history is not None or which == 1
    return Log(which, max(segments, default=""), left, found, known, began, (last or min(behind)) if behind else None)
