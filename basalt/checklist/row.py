"""A row of the checklist, and what all of them together mean."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

#: The service of rows that are about the stack as a whole.
STACK = "stack"
#: Names that are told of all that have the same fault.
_LISTED = 6


class Verdict(StrEnum):
    """What a measured value means."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"  # nobody could tell; that is not ok


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at. `see`: the document that says more, with its heading."""

    service: str
    id: str
    title: str
    measured: str
    verdict: Verdict
    remedy: str
    see: str


@dataclass(frozen=True, slots=True)
class Unasked:
    """What stands in place of an answer: why there is none."""

    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """What all rows of a kind have in common. `fails`: what it is when it is not as it should be."""

    id: str
    title: str
    remedy: str
    see: str
    fails: Verdict = Verdict.FAIL

    def row(self, service: str, measured: str, verdict: Verdict) -> Row:
        """Its row."""
        return Row(service, self.id, self.title, measured, verdict, self.remedy, self.see)

    def answer(self, service: str, measured: str, *, well: bool) -> Row:
        """Its row, where it was measured."""
        return self.row(service, measured, Verdict.OK if well else self.fails)

    def unknown(self, service: str, why: Unasked) -> Row:
        """Its row, where it could not be measured."""
        return self.row(service, why.reason, Verdict.UNKNOWN)

    def of_all(
        self, service: str, what: str, faults: Mapping[str, str], looked_at: int, unasked: Unasked | None
    ) -> Row:
        """Its row about several things: `faults` by their names, and why some could not be looked at."""
        if faults:
            return self.row(service, _grouped(faults), self.fails)
        if unasked or not looked_at:
            return self.unknown(service, unasked or Unasked(f"there are no {what}"))
        return self.row(service, f"{looked_at} of {looked_at} {what}", Verdict.OK)


def _grouped(faults: Mapping[str, str]) -> str:
    """Each fault once, with those that have it; of many, the first."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, fault in sorted(faults.items()):
        names[fault].append(name)
    return "; ".join(f"{_first(having)}: {fault}" for fault, having in names.items())


def _first(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"


def production(*, strict: bool) -> Verdict:
    """What production may not have, and dev and test may."""
    return Verdict.FAIL if strict else Verdict.WARN


def in_order(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The stack first, then service by service; inside a service as they were asked."""
    return tuple(sorted(rows, key=lambda row: (row.service != STACK, row.service)))


def exit_code(rows: Iterable[Row]) -> int:
    """2 when a row fails, 1 when one could not be measured, else 0."""
    found = {row.verdict for row in rows}
    return 2 if Verdict.FAIL in found else 1 if Verdict.UNKNOWN in found else 0


def summary(rows: Iterable[Row]) -> Iterator[str]:
    """`31 ok`, `2 warn`, ...: each verdict that there is."""
    found = Counter(row.verdict for row in rows)
    return (f"{found[verdict]} {verdict}" for verdict in Verdict if found[verdict])
