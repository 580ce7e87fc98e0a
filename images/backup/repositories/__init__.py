"""Where backups are kept: what the stack declares, in pgBackRest's order."""

from dataclasses import dataclass
from pathlib import Path

NAMES = Path("/etc/basalt/repositories")


@dataclass(frozen=True, slots=True)
class Repository:
    """`number`: pgBackRest's."""

    number: int
    name: str

    @property
    def option(self) -> str:
        """By which pgBackRest is told."""
        return f"--repo={self.number}"


def declared() -> tuple[Repository, ...]:
    """All; the first is the stack's own."""
    return tuple(Repository(number, name) for number, name in enumerate(NAMES.read_text().split(), 1))


def chosen(name: str | None) -> tuple[Repository, ...]:
    """That one, or all. ValueError where it is none."""
    found = tuple(one for one in declared() if name in (None, one.name))
    if not found:
        raise ValueError(f"there is no repository {name}, but: {', '.join(one.name for one in declared())}")
    return found
