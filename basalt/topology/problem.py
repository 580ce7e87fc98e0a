"""How a wrong stack is told: where, what stands there, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a stack file. `path` is the dotted path below `basalt:topology`."""

    path: str
    value: object
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.value!r}: {self.remedy}"


class StackError(Exception):
    """A stack file that cannot be loaded. Nothing has been touched."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n  ".join([f"{source} cannot be used:", *map(str, self.problems)]))
