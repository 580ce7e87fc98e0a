"""Images built from this repository, named by their content: the same files always give the same reference."""

import hashlib
from functools import cache
from pathlib import Path

from tools.setup import base_image

ROOT = Path(__file__).parent.parent
_IGNORED = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")


class UnknownImageError(Exception):
    """A plan asks for an image that is neither here nor a registry's."""


@cache
def contexts() -> dict[str, Path]:
    """Build contexts by image name: the folders of `images/`, and each top-level folder with a Dockerfile."""
    files = [*ROOT.glob("images/*/Dockerfile"), *ROOT.glob("*/Dockerfile")]
    return {file.parent.name: file.parent for file in sorted(files) if file.parent.name != "base"}


@cache
def reference(image: str) -> str:
    """`postgres` -> `basalt/postgres:<content hash>`; anything with a slash or a colon is a registry's and stays.

    Raises UnknownImageError."""
    if "/" in image or ":" in image:
        return image
    if image not in contexts():
        raise UnknownImageError(f"image {image!r}: there is no images/{image}/Dockerfile; name a registry's in full")
    return f"basalt/{image}:{_content(contexts()[image])}"


def _content(context: Path) -> str:
    digest = hashlib.sha256(base_image.name().encode())
    for path in sorted(file for file in context.rglob("*") if file.is_file()):
        if not set(path.parts) & set(_IGNORED):
            mode = path.stat().st_mode & 0o111
            digest.update(f"\0{path.relative_to(context)}\0{mode:o}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
