"""What pgBackRest says that there is (`info --output=json`, its user guide, "Information")."""

from datetime import UTC, datetime
from typing import Any

from repositories import parse, why

from retention.decide import Backup


class CatalogueError(Exception):
    """An answer in which backups cannot be told; nothing may be expired by it."""


def read(text: str, stanza: str) -> list[Backup]:
    """The backups of a stanza that have ended. CatalogueError when it is not there or not well."""
    entries = _stanza(text, stanza)["backup"]
    priors = {entry["label"]: entry.get("prior") for entry in entries}
    return [_backup(entry, priors) for entry in entries]


def busy(text: str, stanza: str) -> bool:
    """Whether a backup is being taken, or expired: what there is will not stay so. CatalogueError as `read`."""
    return bool(_stanza(text, stanza)["status"]["lock"]["backup"]["held"])


def _stanza(text: str, stanza: str) -> dict[str, Any]:
    found = {entry["name"]: entry for entry in parse(text)}
    if stanza not in found:
        raise CatalogueError(f"pgBackRest knows no stanza {stanza}")
    if found[stanza]["status"]["code"]:
        raise CatalogueError(f"stanza {stanza}: {why(found[stanza])}")
    return found[stanza]


def newest(backups: list[Backup]) -> dict[str, float]:
    """When the newest of each kind ended, in seconds since the epoch: `full`, and `any` of which that is one too."""
    kinds = {"full": [one.at for one in backups if one.full], "any": [one.at for one in backups]}
    return {kind: max(ends).timestamp() for kind, ends in kinds.items() if ends}


def _backup(entry: dict[str, Any], priors: dict[str, str | None]) -> Backup:
    needs = set(entry.get("reference") or ())
    prior = entry.get("prior")
    while prior:
        needs.add(prior)
        prior = priors.get(prior)
    return Backup(
        label=entry["label"],
        full=entry["type"] == "full",
        at=datetime.fromtimestamp(entry["timestamp"]["stop"], UTC),
        needs=frozenset(needs),
        damaged=bool(entry.get("error")),
    )
