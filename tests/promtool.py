"""Prometheus' own judge of rules."""

import shutil
import subprocess
from pathlib import Path

import pytest

#: Debian's package `prometheus` puts it there, beside a PATH that may not have it.
_PROMTOOL = shutil.which("promtool") or shutil.which("/usr/bin/promtool")


def run(*arguments: str, folder: Path, told: str = "") -> None:
    """Runs it in a folder, and tells it something; it has to end well. Skips where there is none."""
    if _PROMTOOL is None:
        pytest.skip("there is no promtool; Debian's package prometheus has it")
    done = subprocess.run([_PROMTOOL, *arguments], cwd=folder, input=told, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
