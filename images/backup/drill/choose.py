"""Which backup is restored, and how far its log is replayed. Pure; chance is an argument."""

from dataclasses import dataclass
from random import Random

from repositories import parse, why

from drill.repository import number

#: Bytes of a segment of the log; Patroni's initdb leaves PostgreSQL's default.
SEGMENT = 16 << 20


class NoBackupError(Exception):
    """There is nothing that could be restored."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`size`: bytes of the restored database. `end`: the position at which the backup is consistent; `first`: the
    number of the first segment of the log that it takes to become so."""

    label: str
    size: int
    end: int
    first: int


def choose(text: str, stanza: str, *, label: str | None, older: bool, chance: Random) -> Choice | None:
    """From `pgbackrest info --output=json`: the backup of that label; else the newest, or with `older` any other one,
    None where there is none. NoBackupError when it is not there."""
    found = next((entry for entry in parse(text) if entry["name"] == stanza), None)
    if found is None:
        raise NoBackupError(f"the repository knows no stanza {stanza}")
    backups = sorted(found["backup"], key=lambda entry: (entry["timestamp"]["stop"], entry["label"]))
    if label is not None:
        candidates = [entry for entry in backups if entry["label"] == label]
    else:
        candidates = backups[:-1] if older else backups[-1:]
    if not candidates and older:
        return None
    if not candidates:
        wanted = "backup" if label is None else label
        raise NoBackupError(f"the repository holds no {wanted}: {why(found)}")
    chosen = chance.choice(candidates)
    if chosen is backups[-1] and chosen["database"]["id"] != found["db"][-1]["id"]:
        raise NoBackupError(f"the newest, {chosen['label']}, is of a database that another one has taken the place of")
    size, end = int(chosen["info"]["size"]), position(chosen["lsn"]["stop"])
    return Choice(chosen["label"], size, end, number(chosen["archive"]["start"]))


def point(end: int, last: int, chance: Random) -> int | None:
    """How far to replay: any position from a backup's end to the beginning of the last segment that follows it without
    a gap (by number), where a record surely is: a segment that was closed early ends in nothing. None where no segment
    follows: then to the backup's own end."""
    return chance.randint(end, last * SEGMENT) if last * SEGMENT > end else None


def position(text: str) -> int:
    """`0/A000050` as PostgreSQL writes it -> bytes."""
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def told(lsn: int) -> str:
    """Bytes -> as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
