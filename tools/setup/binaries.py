"""Binaries in the cache, and how a clone gets at them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.setup import paths, pins


def folder(key: str) -> Path:
    return paths.cache() / "bin" / key


def origin(key: str) -> str:
    """How a build is got, asked before it is."""
    return "linked, built before" if folder(key).is_dir() else "built from pinned modules"


def publish(key: str, fill: Callable[[Path], None]) -> Path:
    """Fill a folder aside and give it its name when it is whole: what bears the name is never half of it."""
    target = folder(key)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as aside:
        made = Path(aside, "made")
        made.mkdir()
        fill(made)
        made.rename(target)
    return target


def link(name: str, target: Path, directory: Path | None = None) -> None:
    """Point a link to its target, also while somebody runs what it pointed to."""
    directory = directory or paths.LINKS
    if directory.is_symlink():
        directory.unlink()
    directory.mkdir(parents=True, exist_ok=True)
    aside = directory / f".{name}.{os.getpid()}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(target)
    aside.replace(directory / name)


def linked(name: str, target: Path, directory: Path | None = None) -> bool:
    place = (directory or paths.LINKS) / name
    return place.is_symlink() and place.readlink() == target and target.exists()


def on_path(name: str) -> Path | None:
    """A command that is the machine's, not a link of this clone."""
    entries = [entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    others = [entry for entry in entries if Path(entry).absolute() != paths.LINKS]
    found = shutil.which(name, path=os.pathsep.join(others))
    return Path(found) if found else None


def version_of(command: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            [command, *arguments], capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = pins.parse(done.stdout)
    return ".".join(map(str, found)) if done.returncode == 0 and found else None
