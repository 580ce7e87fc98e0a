"""Migrations as they lie in the image: NNNN_name.sql and, to undo it, NNNN_name.down.sql."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("migrations")

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)(\.down)?\.sql")


class RefusedError(Exception):
    """The migration cannot run as asked; the message says what to do."""


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    up: str
    down: str | None = None

    @property
    def sha256(self) -> str:
        """Of the way up: a better way back may be written later."""
        return hashlib.sha256(self.up.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.version:04} {self.name}"


def read_folder(folder: Path = FOLDER) -> list[Migration]:
    ups: dict[int, tuple[str, str]] = {}
    downs: dict[int, str] = {}
    for file in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(file.name)
        if not match:
            raise RefusedError(f"{file.name}: name it NNNN_name.sql or NNNN_name.down.sql")
        version = int(match[1])
        if match[3]:
            downs[version] = file.read_text()
        elif version in ups:
            raise RefusedError(f"{file.name}: version {version:04} is taken by {ups[version][0]}")
        else:
            ups[version] = (match[2], file.read_text())
    return [Migration(version, *ups[version], downs.get(version)) for version in sorted(ups)]


@cache
def newest_version() -> int:
    return read_folder()[-1].version
