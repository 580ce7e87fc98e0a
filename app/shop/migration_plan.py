"""Which migrations to run, decided from the files and from what the database says was applied."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.migration_files import Migration, RefusedError


@dataclass(frozen=True)
class Applied:
    version: int
    name: str
    sha256: str


@dataclass(frozen=True)
class Step:
    migration: Migration
    forward: bool

    @property
    def sql(self) -> str:
        return self.migration.up if self.forward else self.migration.down or ""

    def __str__(self) -> str:
        return f"{'apply' if self.forward else 'undo'} {self.migration}"


def plan(
    files: Sequence[Migration],
    applied: Sequence[Applied],
    *,
    target: int | None = None,
    rollback: bool = False,
) -> list[Step]:
    """Forward to the target (the newest by default); with rollback, back to it (one step by default)."""
    known = {migration.version: migration for migration in files}
    if target is not None and target not in known and not (rollback and target == 0):
        raise RefusedError(f"there is no migration {target:04}; the newest is {max(known, default=0):04}")
    for row in applied:
        _check_unchanged(row, known)
    if rollback:
        return _backward(known, applied, target)
    return _forward(files, applied, target)


def _forward(files: Sequence[Migration], applied: Sequence[Applied], target: int | None) -> list[Step]:
    done = {row.version for row in applied}
    current = max(done, default=0)
    if target is not None and target < current:
        raise RefusedError(f"the schema is at {current:04}; to go back, use --rollback --to {target}")
    wanted = [m for m in files if m.version not in done and (target is None or m.version <= target)]
    late = [m for m in wanted if m.version < current]
    if late:
        raise RefusedError(f"{late[0]} comes before {current:04}, which is applied; give it a newer number")
    return [Step(migration, forward=True) for migration in wanted]


def _backward(known: dict[int, Migration], applied: Sequence[Applied], target: int | None) -> list[Step]:
    done = sorted((row.version for row in applied), reverse=True)
    if not done:
        raise RefusedError("nothing is applied, so there is nothing to undo")
    undone = done[:1] if target is None else [version for version in done if version > target]
    for version in undone:
        if version not in known:
            raise RefusedError(f"{version:04} is newer than this image; undo it with the image that has it")
        if known[version].down is None:
            raise RefusedError(f"{known[version]} has no .down.sql; restore a backup or write one")
    return [Step(known[version], forward=False) for version in undone]


def _check_unchanged(row: Applied, known: dict[int, Migration]) -> None:
    migration = known.get(row.version)
    if migration is None:
        # A newer image has been here. Its tables are there and this older code runs on: that is what
        # makes going back to the previous image quick.
        if row.version > max(known, default=0):
            return
        raise RefusedError(f"{row.version:04} {row.name} was applied but its file is missing")
    if migration.sha256 != row.sha256:
        raise RefusedError(
            f"{migration} was changed after it had been applied "
            f"(applied {row.sha256[:12]}, file {migration.sha256[:12]}); "
            "restore the file and put the change into a new migration"
        )
