"""What is told to a guard: words on its standard input, its end, signals. And what it tells: JSON, one line each."""

import contextlib
import json
import os
import select
import signal
import time

from console import Console

ENDED = "ended"
LATE = "late"
STOPPED = "stopped"


def say(event: str, **more: object) -> None:
    """Whoever listened may be gone; what has to be done does not depend on it."""
    with contextlib.suppress(OSError):
        os.write(1, (json.dumps({"event": event, **more}) + "\n").encode())


class Words:
    """SIGTERM, SIGINT and SIGHUP are words like others: nothing is cut off in the middle."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        self._buffer = b""

    def next(self, deadline: float, console: Console | None = None) -> str | None:
        """The next word; ENDED at the end of input, LATE at the deadline (monotonic), STOPPED after a signal; None when
        `console` has something to say."""
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            heard: list[int | Console] = [0, self._read, *([console] if console else [])]
            ready = select.select(heard, [], [], max(0.0, left))[0]
            if self._read in ready:
                return STOPPED
            if console in ready:
                return None
            if not ready:
                return LATE
            data = os.read(0, 4096)
            if not data:
                return ENDED
            self._buffer += data
        word, _, self._buffer = self._buffer.partition(b"\n")
        return word.decode().strip() or ENDED
