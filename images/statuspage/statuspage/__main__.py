"""Writes the pages every few seconds. SIGHUP: what the plan says is read again."""

import logging
import signal
import sys
import threading
import time
from pathlib import Path

from statuspage.ask import Asker
from statuspage.config import parse
from statuspage.writer import Writer

CONFIG = Path("/etc/basalt/statuspage.json")
FOLDER = Path("/var/lib/statuspage")

#: Seconds from one page to the next.
_EVERY = 5


def main() -> None:
    """Until SIGTERM."""
    stop, changed = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: changed.set())
    config = parse(CONFIG.read_text())
    writer = Writer.start(FOLDER, Asker(), time.time())
    while not stop.is_set():
        began = time.monotonic()
        if changed.is_set():
            changed.clear()
            config = parse(CONFIG.read_text())
        writer.turn(config, time.time())
        stop.wait(max(0.0, _EVERY - (time.monotonic() - began)))
    writer.save(time.time())


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    main()
