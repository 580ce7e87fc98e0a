"""The leaf certificates of an instance: which are to be issued, by whom, and which of those it holds are due.

They belong to the resource of its files: a resource of their own each would be a third of all that an `up` compares."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from basalt.targets.acting import LOADING

#: Folder below `words.FILES` -> what is wanted there: `names`, `days` of life, `renew` (days before the end), and the
#: `authority` that signs, with its `authority_key` (PEM).
Wanted = Mapping[str, Mapping[str, Any]]
#: Folder -> what is held there: `certificate`, `key` (PEM), `not_after` (ISO 8601, UTC).
Held = Mapping[str, Mapping[str, str]]

_MAKES_ANOTHER = ("names", "days", "authority")


def due(not_after: str, renew: int, now: datetime) -> bool:
    """Whether a certificate that ends at `not_after` (ISO 8601) is within `renew` days of its end."""
    return datetime.fromisoformat(not_after) - now < timedelta(days=renew)


def stale(wanted: Wanted, before: Wanted, ends: Mapping[str, str], now: datetime) -> set[str]:
    """The folders whose certificate has to be issued anew: those that are new or wanted otherwise than `before`, and
    those that are near their end. `ends`: folder -> `not_after`."""

    def changed(folder: str) -> bool:
        old, new = before.get(folder, {}), wanted[folder]
        return folder not in ends or any(old.get(key) != new[key] for key in _MAKES_ANOTHER)

    return {folder for folder in wanted if changed(folder) or due(ends[folder], int(wanted[folder]["renew"]), now)}


def issue(wanted: Wanted, held: Held, anew: set[str]) -> dict[str, dict[str, str]]:
    """What is held afterwards: certificates for all that is wanted, those of the folders `anew` fresh."""
    with LOADING:
        from basalt.targets.certificates import make_leaf

    made = {}
    for folder, how in wanted.items():
        if folder in anew:
            made[folder] = make_leaf(list(how["names"]), int(how["days"]), how["authority"], how["authority_key"])
        else:
            made[folder] = dict(held[folder])
    return made


def pems(held: Held) -> dict[str, tuple[str, bool]]:
    """The files of what is held, as `files.encode` takes them."""
    names = {"tls.crt": "certificate", "tls.key": "key"}
    return {f"{folder}/{name}": (leaf[part], False) for folder, leaf in held.items() for name, part in names.items()}


def now() -> datetime:
    """The time that certificates are compared with."""
    return datetime.now(UTC)
