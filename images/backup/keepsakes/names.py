"""How a keepsake is called in a repository, and by what it proves to be what was put there. Pure.

    keepsakes/<kind>/<moment>-<mark>

A mark is what only the holder of the repository's key can make of these bytes, this kind and this moment: the cipher
hides a file, and would open one that somebody changed just as well (AES-CBC proves nothing)."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

FOLDER = "keepsakes"

_MOMENT = "%Y%m%dT%H%M%SZ"
_PATH = re.compile(r"(?P<kind>[a-z][a-zA-Z0-9_-]*)/(?P<label>\d{8}T\d{6}Z)-(?P<mark>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Keepsake:
    """`label`: the moment that it is of, UTC. `size`: bytes in the repository."""

    kind: str
    label: str
    mark: str
    size: int = 0

    @property
    def path(self) -> str:
        """In the repository."""
        return f"{FOLDER}/{self.kind}/{self.label}-{self.mark}"

    @property
    def at(self) -> datetime:
        """The moment, as one."""
        return datetime.strptime(self.label, _MOMENT).replace(tzinfo=UTC)


def label(moment: datetime) -> str:
    """Names of later moments are greater."""
    return f"{moment.astimezone(UTC):{_MOMENT}}"


def listed(text: str) -> list[Keepsake]:
    """From `pgbackrest repo-ls --recurse --output=json keepsakes`, the newest of each kind first. What bears no such
    name is none."""
    return sorted(_listed(json.loads(text)), key=lambda one: (one.kind, one.label), reverse=True)


def _listed(found: dict[str, dict[str, object]]) -> Iterator[Keepsake]:
    for path, told in found.items():
        match = _PATH.fullmatch(path)
        if match and told["type"] == "file":
            yield Keepsake(match["kind"], match["label"], match["mark"], int(str(told["size"])))


def marker(key: str, kind: str, moment: str) -> hmac.HMAC:
    """Takes the bytes piece by piece; its `hexdigest` is the mark."""
    return hmac.new(key.encode(), f"{kind}/{moment}\n".encode(), hashlib.sha256)
