"""Crontab lines, checked when a stack is loaded: else a wrong one shows on the day when a backup is missing."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from heapq import merge
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError

#: crontab(5): what each field counts, and from where to where. Sunday is 0 and 7.
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
#: From here schedules are looked at: the 29 February comes soon.
_START = datetime(2024, 1, 1, tzinfo=UTC)
_ITEM = re.compile(r"(?:\*|(?P<first>\d+)(?:-(?P<last>\d+))?)(?:/(?P<step>\d+))?")


def checked(line: str) -> str:
    """The line as it is. ValueError names the first field that crontab(5) would not take; names of months and days are
    not taken either."""
    fields = line.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"{len(fields)} fields; a crontab line has 5: minute, hour, day of month, month, day of week")
    for text, (name, low, high) in zip(fields, _FIELDS, strict=True):
        for item in text.split(","):
            if not _fits(item, low, high):
                raise ValueError(f"{item!r} is no {name}; write {low} to {high}, *, a range a-b, or a step */n")
    try:
        CronSim(line, _START)
    except CronSimError as error:
        raise ValueError(f"this day never comes ({error}); write one that does") from None
    return line


def _fits(item: str, low: int, high: int) -> bool:
    match = _ITEM.fullmatch(item)
    if match is None or match["step"] == "0":
        return False
    first = int(match["first"] or low)
    last = int(match["last"] or first)
    return low <= first <= last <= high


@cache
def longest_pause(*lines: str) -> timedelta:
    """The longest time between two moments at which any of the lines is due."""
    longest = timedelta()
    # Within a year all pauses come by, within two weeks where no line says anything of months and their days; and no
    # one waits for half a million minutes.
    weekly = all(line.split()[2:4] == ["*", "*"] for line in lines)
    end = _START + (timedelta(days=15) if weekly else timedelta(days=366))
    for before, after in islice(pairwise(merge(*(CronSim(line, _START) for line in lines))), 50_000):
        longest = max(longest, after - before)
        if after > end:
            break
    return longest
