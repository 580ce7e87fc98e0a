"""What files an instance was made with, in a few letters: tells when its container has to be replaced. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping

#: The label of a container that says which files it was made with, as `restart_digest` gives it.
RESTART_LABEL = "basalt.files"


def encode(files: Mapping[str, tuple[str, bool]]) -> str:
    """`path -> (text, executable)` as the resource carries it."""
    return json.dumps(files, sort_keys=True)


def restart_digest(encoded: str, reloads: Iterable[str], ends: Mapping[str, str] | None = None) -> str:
    """Changes when something changes that a running instance cannot take up: a file, or one of the certificates that
    end at `ends`. The container, whose label `basalt.files` it is, is then replaced."""
    taken_up = set(reloads)
    rest = {path: body for path, body in json.loads(encoded).items() if path not in taken_up}
    return hashlib.sha256(json.dumps([rest, ends or {}], sort_keys=True).encode()).hexdigest()[:16]
