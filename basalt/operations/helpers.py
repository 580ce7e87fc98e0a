"""Processes that a killed `pulumi` leaves behind: language host and plugins live on, and may still create things."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

_ENGINE = re.compile(r"127\.0\.0\.1:(\d+)")
_GRACE = 5.0  # seconds between SIGTERM and SIGKILL


def orphans(backend: str) -> Iterator[int]:
    """Ids of helpers that worked on this backend for an engine that no longer answers."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            variables = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
        port = _engine_port(arguments)
        if port and f"PULUMI_BACKEND_URL={backend}" in variables and not _answers(port):
            yield int(folder.name)


def _engine_port(arguments: list[str]) -> int:
    """The port of the engine that a helper was started for, 0 for any other process."""
    named = any(
        "pulumi-language-" in word or "pulumi-resource-" in word or word == "pulumi.dynamic" for word in arguments
    )
    found = [match for word in arguments if (match := _ENGINE.fullmatch(word))]
    return int(found[-1][1]) if named and found else 0


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def end(pids: list[int]) -> None:
    """Ends each of these processes, by its id."""
    for pid in pids:
        _send(pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while (alive := [pid for pid in pids if _alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in alive:
        _send(pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
