"""YAML that declares things, read and refused before anything runs. Names no service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from yaml import YAMLError

from basalt import yaml
from basalt.collect.faults import FolderError


def document(path: Path) -> Any:
    """What a file holds; None where there is no file, or nothing in it. Raises FolderError."""
    if not path.is_file():
        return None
    try:
        return yaml.load(path.read_text())
    except YAMLError as error:
        raise FolderError(path, str(error), "correct the YAML syntax") from None


def faults(error: ValidationError) -> Iterator[tuple[str, str]]:
    """(place, what stands there and what to do), of each value that its type refuses."""
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        told = f"{fault['input']!r}: {fault['msg'].removeprefix('Value error, ')}"
        yield place, "required; add it" if fault["type"] == "missing" else told
