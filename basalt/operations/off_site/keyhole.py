"""pgBackRest in a container that lives for one command: the bucket is seen without a stack."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import docker
from docker.models.containers import Container

from basalt.images import reference
from basalt.operations.off_site.bundle import BundleError
from basalt.operations.tar import archive

_ETC = "/etc/basalt"


def look(files: dict[str, str], *command: str) -> str:
    """What it prints to standard output; `files` are its configuration. BundleError with its error output."""
    with _ended(files, command) as container:
        return bytes(container.logs(stdout=True, stderr=False)).decode()


@contextmanager
def left(files: dict[str, str], path: str, *command: str) -> Iterator[BinaryIO]:
    """A tar of the file that it leaves there, on disk. BundleError with its error output."""
    with _ended(files, command) as container, tempfile.TemporaryFile() as tar:
        for chunk in container.get_archive(path)[0]:
            tar.write(chunk)
        tar.seek(0)
        yield cast("BinaryIO", tar)


@contextmanager
def _ended(files: dict[str, str], command: tuple[str, ...]) -> Iterator[Container]:
    container = docker.from_env().containers.create(reference("backup"), list(command), cap_drop=["ALL"])
    try:
        container.put_archive(_ETC, archive(files))
        container.start()
        code = container.wait()["StatusCode"]
        if code:
            raise BundleError(_said(container))
        yield container
    finally:
        container.remove(force=True, v=True)


def _said(container: Container) -> str:
    lines = bytes(container.logs(stdout=True, stderr=True)).decode(errors="replace").splitlines()
    grave = [line.strip() for line in lines if "ERROR" in line]
    return " | ".join((grave or lines)[-3:]) or "pgBackRest ended without a word"
