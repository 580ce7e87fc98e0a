"""What a `pulumi` that was killed leaves in a state that is a folder of this machine: its lock, and half a file."""

import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from basalt.operations.environment import backend


class BusyError(Exception):
    """Another `pulumi` works on the stack."""


def mend() -> None:
    """Removes notes on files' content types that were being written when their writer was killed. Pulumi reads no file
    beside which such a note is empty ("failed to load checkpoint: EOF"), and needs none: without it the file is read
    all the same. The state that `make env` names has no notes (`metadata=skip`).

    Source: gocloud.dev/blob/fileblob, "Escaping" and attrs.go, where a file is replaced at once and its note is not."""
    if not (folder := _folder()):
        return
    for path in folder.rglob("*.attrs"):
        try:
            json.loads(path.read_text())
        except json.JSONDecodeError:
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another pulumi has removed its lock meanwhile


def locked(stack: str) -> bool:
    """Whether a dead process of this machine holds the stack's lock. Raises BusyError while it lives."""
    if not (folder := _folder()):
        return False
    found = False
    for path in folder.glob(f"locks/organization/basalt/{stack}/*.json"):
        lock = json.loads(path.read_text() or "{}")
        holder = int(lock.get("pid", 0))
        if lock.get("hostname") != socket.gethostname() or _is_pulumi(holder):
            raise BusyError(
                f"stack {stack} is being changed by process {holder} of {lock.get('hostname')}; wait for it"
            )
        found = True
    return found


def _folder() -> Path | None:
    url = urlsplit(backend())
    return Path(url.path).expanduser() / ".pulumi" if url.scheme == "file" else None


def _is_pulumi(pid: int) -> bool:
    """Numbers of processes are used again: only a living `pulumi` counts."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return False
    return pid != os.getpid() and name == "pulumi"
