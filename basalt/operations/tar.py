"""Files for a container, as the engine takes them."""

import io
import tarfile

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
