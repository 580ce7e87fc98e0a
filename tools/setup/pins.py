"""The versions that set-up installs, read from the files that pin them: a number is written in one place."""

import hashlib
import platform
import re
from collections.abc import Iterable
from pathlib import Path

from tools.setup import paths
from tools.setup.step import SetupError

Version = tuple[int, ...]

MODULES = paths.TOOLS / "pulumi"
ENGINE = MODULES / "engine"
LANGUAGE_HOST = MODULES / "language"
DOCKER_PLUGIN = MODULES / "docker-plugin"
REQUIREMENTS = paths.REPOSITORY / "requirements.txt"
GO_WHEEL = paths.TOOLS / "go" / "requirements.txt"

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def parse(text: str) -> Version | None:
    """The first version in a text: `go version go1.26.8 linux/amd64` is (1, 26, 8)."""
    found = _VERSION.search(text)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def module(folder: Path, path: str) -> str:
    """The version of a module that a go.mod requires, without the v."""
    return _one(folder / "go.mod", rf"^\s*(?:require\s+)?{re.escape(path)} v(\S+)", path)


def requirement(name: str, file: Path = REQUIREMENTS) -> str:
    return _one(file, rf"^{re.escape(name)}==(\S+)", name)


def go() -> Version:
    """What the newest of the go.mod files asks for."""
    folders = (ENGINE, LANGUAGE_HOST, DOCKER_PLUGIN)
    return max(parse(_one(folder / "go.mod", r"^go (\S+)", "go")) or (0,) for folder in folders)


def _one(file: Path, pattern: str, name: str) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE)
    if not found:
        raise SetupError(f"{file} does not pin {name}")
    return found[1]


def compatible(found: str, wanted: str) -> bool:
    """At least the wanted version, and the same major one."""
    have, need = parse(found), parse(wanted)
    return have is not None and need is not None and have >= need and have[0] == need[0]


def key(files: Iterable[Path], *words: str) -> str:
    """Names what is made from these inputs: a changed pin is another name, so what is made from it is made anew."""
    digest = hashlib.sha256("\0".join((platform.machine(), *words)).encode())
    for file in sorted(files):
        content = file.read_bytes()
        digest.update(f"\0{file.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def sources(folder: Path) -> list[Path]:
    """What a Go build reads; its tests change nothing in the binary."""
    return [file for file in folder.iterdir() if file.suffix in {".go", ".mod", ".sum"} and "_test" not in file.name]
