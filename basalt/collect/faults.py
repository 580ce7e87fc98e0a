"""How a service's folder tells that one of its files cannot be used."""

from pathlib import Path


class FolderError(ValueError):
    """Which file, which entry of it, what to do. Nothing has been touched."""

    def __init__(self, path: Path, entry: str, remedy: str) -> None:
        self.path, self.entry, self.remedy = path, entry, remedy
        super().__init__(f"{path}: {entry}: {remedy}")
