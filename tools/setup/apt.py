"""Distribution packages."""

import fcntl
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

from tools.setup.step import Log, SetupError

_OPTIONS = ("-y", "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3")
_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}
_LISTS_LOCK = Path("/var/lib/apt/lists/lock")

# Two steps may want packages at the same time.
_mutex = threading.Lock()


def install(log: Log, packages: Sequence[str]) -> None:
    if not shutil.which("apt-get"):
        raise SetupError(f"no apt-get here to install {', '.join(packages)}")
    if os.geteuid() != 0:
        raise SetupError(f"installing {', '.join(packages)} needs root")
    with _mutex:
        _await_lists()
        log.run(["apt-get", "update", *_OPTIONS], env=_ENVIRONMENT)
        log.run(["apt-get", "install", "--no-install-recommends", *_OPTIONS, *packages], env=_ENVIRONMENT)


def _await_lists() -> None:
    """Wait for another apt, such as the daily one of a fresh machine: DPkg::Lock::Timeout is not for this lock."""
    if _LISTS_LOCK.exists():
        with _LISTS_LOCK.open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)


def ensure(log: Log, commands: dict[str, str]) -> None:
    """Install the packages of those commands that are not there."""
    missing = sorted({package for command, package in commands.items() if not shutil.which(command)})
    if missing:
        install(log, missing)
