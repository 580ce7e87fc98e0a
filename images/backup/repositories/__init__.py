"""Where backups are kept: what the stack declares, in pgBackRest's order."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = Path("/etc/basalt/repositories")
#: pgBackRest's words for what does not come out of a cipher as it went in.
_UNREADABLE = ("CryptoError", "FormatError", "ChecksumError")


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


def parse(listed: str) -> list[dict[str, Any]]:
    """Of `pgbackrest info --output=json`. What a wrong key made of a file is quoted in it as it came out."""
    found: list[dict[str, Any]] = json.loads(listed, strict=False)
    return found


def why(entry: dict[str, Any]) -> str:
    """What is wrong with a stanza of `pgbackrest info --output=json`: what its repository says, or it itself."""
    said = [one["status"]["message"] for one in entry.get("repo", ()) if one["status"]["code"]]
    lines = [line.strip() for line in "\n".join(said).splitlines()]
    if any(f"[{kind}]" in lines[0] for kind in _UNREADABLE if lines):
        # What follows is what came out of it.
        return f"its key is another, or it is damaged: {lines[0]}"
    return " ".join(lines[:2]) or str(entry["status"]["message"])
