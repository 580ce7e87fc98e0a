"""Files for a container, as the engine takes them."""

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

#: Whom containers run as (docs/SECURITY.md).
_OWNER = 10001


def archive(files: dict[str, str]) -> bytes:
    """A tar of them, for their owner's eyes."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(text.encode()), 0o400, _OWNER, _OWNER
            tar.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


@contextmanager
def archived(name: str, file: BinaryIO) -> Iterator[BinaryIO]:
    """A tar of one file that memory may not hold, on disk."""
    with tempfile.TemporaryFile() as made:
        with tarfile.open(fileobj=made, mode="w") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = file.seek(0, io.SEEK_END)
            entry.mode, entry.uid, entry.gid = 0o400, _OWNER, _OWNER
            file.seek(0)
            tar.addfile(entry, file)
        made.seek(0)
        yield cast("BinaryIO", made)
