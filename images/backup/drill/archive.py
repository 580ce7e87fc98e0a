"""What a repository has of the database: the stanza, and the log of a timeline."""

import json
from typing import Any

from repositories import Repository, parse, why

from drill import lineage
from drill.choose import NoBackupError, position
from drill.throwaway import STANZA, StepError, ask


def stanza(listed: str) -> dict[str, Any]:
    """From `pgbackrest info --output=json`. NoBackupError where there is no backup."""
    found: dict[str, Any] | None = next((one for one in parse(listed) if one["name"] == STANZA), None)
    if found is None or not found["backup"]:
        raise NoBackupError(f"there is no backup: {why(found) if found else 'no stanza'}")
    return found


def log_of(repository: Repository, entry: dict[str, Any], which: int | None) -> lineage.Log:
    """What is archived of the newest timeline, unless another one is named. StepError."""
    folder = f"archive/{STANZA}/{entry['archive'][-1]['id']}"
    listing = ask(repository.option, "--recurse", "--output=json", "repo-ls", folder)
    segments = lineage.archived(listing)
    if not segments:
        raise StepError("nothing of the log is archived: no backup can be made consistent")
    wanted = which or lineage.newest(segments)
    if not any(lineage.timeline(name) == wanted for name in segments):
        raise StepError(f"nothing of timeline {wanted} is archived")
    name = f"{wanted:08X}.history"
    history = ask(repository.option, "repo-get", f"{folder}/{name}") if name in json.loads(listing) else None
    return lineage.log(wanted, segments, history)


def leading(entry: dict[str, Any], log: lineage.Log) -> set[str]:
    """Labels of the backups that a timeline goes on from."""
    return {one["label"] for one in entry["backup"] if log.leads_here(timeline_of(one), position(one["lsn"]["stop"]))}


def log_after(repository: Repository, entry: dict[str, Any], label: str) -> lineage.Log:
    """What is archived of the newest timeline that a backup is part of. StepError."""
    backup = next(one for one in entry["backup"] if one["label"] == label)
    log = log_of(repository, entry, None)
    return log if label in leading(entry, log) else log_of(repository, entry, timeline_of(backup))


def timeline_of(backup: dict[str, Any]) -> int:
    """On which a backup ended."""
    return lineage.timeline(backup["archive"]["stop"])
