"""The moment before PostgreSQL is stopped. All that Patroni does until then costs clients nothing, so they are kept
waiting from here on only.

Patroni's script connects and waits for the end of the connection: it comes when the gate is opened, and when the
process that keeps it is gone, however it went."""

import contextlib
import os
import socket
from pathlib import Path
from typing import NoReturn

_PATH = Path("/tmp/gate")  # noqa: S108  the container's own
_LONGEST = 90.0  # seconds that a stop is held up, whatever happens


class Gate:
    """The side of the switchover."""

    def __init__(self) -> None:
        _PATH.unlink(missing_ok=True)  # of one that was killed
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(_PATH))
        self._listening.listen(1)
        self._waiting: socket.socket | None = None

    def reached(self, seconds: float) -> bool:
        """Whether Patroni comes to it in so many seconds."""
        self._listening.settimeout(seconds)
        try:
            self._waiting, _ = self._listening.accept()
        except TimeoutError:
            return False
        return True

    def open(self) -> None:
        """Patroni goes on; who comes later finds no gate."""
        _PATH.unlink(missing_ok=True)
        self._listening.close()
        if self._waiting:
            self._waiting.close()


def wait() -> NoReturn:
    """The side of Patroni: until the gate is open."""
    with socket.socket(socket.AF_UNIX) as side, contextlib.suppress(OSError):
        side.settimeout(_LONGEST)
        side.connect(str(_PATH))
        side.recv(1)
    # Patroni waits for the end of this process, and nothing is left to tidy.
    os._exit(0)
