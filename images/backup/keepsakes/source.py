"""What all sources have in common: programs that are run and may fail."""

import subprocess
from pathlib import Path

_LONGEST = 6 * 3600.0  # seconds that one program may take


class SourceError(Exception):
    """What is to be kept cannot be had, or is not whole; the message says why."""


def run(*command: str, given: str = "") -> str:
    """What it prints to standard output. `given`: its standard input. SourceError with its last words."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, input=given, text=True, errors="replace", capture_output=True, check=False, timeout=_LONGEST
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"{name} did not end within {_LONGEST / 3600:.0f} hours") from None
    if done.returncode:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise SourceError(f"{name} ended with {done.returncode}: {' | '.join(lines[-3:])}")
    return done.stdout
