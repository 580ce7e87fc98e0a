"""Pulumi's own releases: asked for once, briefly, and used only when they can be verified."""

import hashlib
import platform
import shutil
import tarfile
import tempfile
import urllib.request
from functools import cache
from pathlib import Path

from tools.setup import binaries, pins, sources
from tools.setup.step import Log, SetupError

RELEASES = "https://get.pulumi.com/releases/sdk"
CONNECT_SECONDS = 5
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


def version() -> str:
    return pins.module(pins.ENGINE, "github.com/pulumi/pulumi/pkg/v3")


def key() -> str:
    return f"pulumi-{version()}-official-{platform.machine()}"


@cache
def _checksums() -> dict[str, str]:
    """File name to SHA-256; empty when the release cannot be reached. Doubles as the probe for all the parts."""
    try:
        address = f"{RELEASES}/pulumi-{version()}-checksums.txt"
        with urllib.request.urlopen(address, timeout=CONNECT_SECONDS) as answer:  # noqa: S310 - https, a constant
            lines = answer.read().decode().splitlines()
    except (OSError, ValueError):
        return {}
    return parse_checksums(lines)


def parse_checksums(lines: list[str]) -> dict[str, str]:
    """The format of sha256sum(1)."""
    pairs = [line.split() for line in lines]
    return {pair[1].lstrip("*"): pair[0] for pair in pairs if len(pair) == 2 and len(pair[0]) == 64}


def archive() -> str:
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    return f"pulumi-v{version()}-linux-{architecture}.tar.gz"


def reachable(log: Log) -> bool:
    if sources.only_build():
        return False
    found = archive() in _checksums()
    log.say(f"{RELEASES}: {'reachable' if found else 'not reachable, building from modules instead'}")
    return found


def download(log: Log) -> Path | None:
    """The folder with the release's binaries, or None when it cannot be had."""
    if not reachable(log):
        return None
    try:
        return binaries.publish(key(), lambda made: _unpack(log, made))
    except (OSError, SetupError) as error:
        log.say(f"the download failed, building from modules instead: {error}")
        return None


def _unpack(log: Log, made: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=made.parent) as file:
        address = f"{RELEASES}/{archive()}"
        log.say(f"downloading {address}")
        with urllib.request.urlopen(address, timeout=CONNECT_SECONDS) as answer:  # noqa: S310 - https, a constant
            shutil.copyfileobj(answer, file)
        file.flush()
        verify(Path(file.name), _checksums()[archive()])
        with tarfile.open(file.name) as tar:
            # Debian 12's Python 3.11.2 has no filters yet; the archive is verified either way.
            if hasattr(tarfile, "data_filter"):
                tar.extraction_filter = tarfile.data_filter
            tar.extractall(made.parent / "release")  # noqa: S202 - filtered above
    for binary in (made.parent / "release" / "pulumi").iterdir():
        binary.rename(made / binary.name)


def verify(file: Path, expected: str) -> None:
    with file.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != expected:
        raise SetupError(f"{archive()} has the SHA-256 {actual}, its checksum file says {expected}")
