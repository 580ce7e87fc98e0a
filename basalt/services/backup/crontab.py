"""Crontab lines, checked when a stack is loaded: else a wrong one shows on the day when a backup is missing."""

import re

#: crontab(5): what each field counts, and from where to where. Sunday is 0 and 7.
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
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
    return line


def _fits(item: str, low: int, high: int) -> bool:
    match = _ITEM.fullmatch(item)
    if match is None or match["step"] == "0":
        return False
    first = int(match["first"] or low)
    last = int(match["last"] or first)
    return low <= first <= last <= high
