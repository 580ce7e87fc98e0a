"""The files of an instance as a string, and in a few letters, which tell when its container is replaced. Pure."""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping

#: Path -> (text, executable).
Files = Mapping[str, tuple[str, bool]]

#: The label of a container that says which files it was made with, as `restart_digest` gives it.
RESTART_LABEL = "basalt.files"


def encode(files: Files) -> str:
    """As the resource carries them: compressed, since Pulumi writes its whole state with each step that it takes, and
    these are the most of it. What comes out may depend on the library, so what is compared is decoded first."""
    return base64.b64encode(zlib.compress(json.dumps(files, sort_keys=True).encode())).decode()


def decode(encoded: str) -> dict[str, tuple[str, bool]]:
    """The files; as JSON, too, as earlier states have them."""
    text = encoded if encoded.startswith("{") else zlib.decompress(base64.b64decode(encoded))
    return {path: (body, executable) for path, (body, executable) in json.loads(text).items()}


def digests(files: Files) -> dict[str, str]:
    """By path; tells which of them have changed."""
    return {path: hashlib.sha256(repr(file).encode()).hexdigest()[:16] for path, file in files.items()}


def restart_digest(encoded: str, reloads: Iterable[str], ends: Mapping[str, str] | None = None) -> str:
    """Changes when something changes that a running instance cannot take up: a file, or one of the certificates that
    end at `ends`. The container, whose label `basalt.files` it is, is then replaced."""
    taken_up = set(reloads)
    rest = {path: body for path, body in decode(encoded).items() if path not in taken_up}
    return hashlib.sha256(json.dumps([rest, ends or {}], sort_keys=True).encode()).hexdigest()[:16]
