"""A note of a pause, so that it ends even when the guard that holds it is killed: the container's probe reads it."""

import time
from pathlib import Path

_FILE = Path("/tmp/pause")  # noqa: S108  the container's own, gone with it as the pause is
#: Seconds after which a guard that still lived would have ended the pause itself.
_MARGIN = 2.0


def write(seconds: float) -> None:
    """Says until when a guard may hold a pause that begins now (monotonic clock, which all of a host share)."""
    fresh = _FILE.with_suffix(".new")
    fresh.write_text(str(time.monotonic() + seconds + _MARGIN))
    fresh.replace(_FILE)


def expired() -> bool:
    """Whether a pause is noted that nobody holds any more."""
    try:
        return time.monotonic() > float(_FILE.read_text())
    except (OSError, ValueError):
        return _FILE.exists()


def there() -> bool:
    """Whether a pause is noted."""
    return _FILE.exists()


def remove() -> None:
    """The pause is over."""
    _FILE.unlink(missing_ok=True)
