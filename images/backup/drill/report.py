"""What a drill found, as evidence that stays and as metrics."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

#: In this order; a fault is called by the step that met it.
STEPS = ("catalogue", "repository", "space", "restore", "replay", "structure", "rows", "checksums")

#: A year of daily ones.
_KEPT = 400
_NAME = re.compile(r"^(newest|older|named)(-[a-z0-9]+)?-\d{8}T\d{6}Z\.json$")


@dataclass(slots=True)
class Report:
    """`at`: seconds since the epoch, when it ended. `seconds` by step. `proved`: the backup was restored and is well.
    `fault`: the first step that found one, with `why`; a proved one may have a fault beside it in the repository.
    `end`: the position at which it is consistent; `target`: up to which the log was replayed, on `timeline`.
    `rows`: what each assertion gave."""

    which: str
    started: str
    at: float = 0.0
    label: str | None = None
    bytes: int = 0
    end: str | None = None
    timeline: int | None = None
    target: str | None = None
    replayed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    databases: dict[str, int] = field(default_factory=dict)
    proved: bool = False
    fault: str | None = None
    why: str | None = None
    repository: str = "local"


def save(report: Report, folder: Path) -> Path:
    """Writes it at once, and removes those beyond a year of daily ones."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{report.which}-{report.repository}-{report.started}.json"
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(report), indent=1) + "\n")
    draft.rename(path)
    for old in _paths(folder)[:-_KEPT]:
        old.unlink()
    return path


def read(folder: Path) -> list[Report]:
    """All that are kept, the oldest first."""
    return [Report(**json.loads(path.read_text())) for path in _paths(folder)]


def _paths(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("*.json") if _NAME.match(path.name)), key=lambda path: path.name[-21:])


def metrics(reports: Iterable[Report]) -> CollectorRegistry:
    """Of the last drill of each kind, and when one last proved its backup. What somebody named is told to him alone."""
    registry = CollectorRegistry()
    gauges = {
        name: Gauge(f"backup_drill_{name}", text, ["repository", "which", *labels], registry=registry)
        for name, text, labels in _GAUGES
    }
    for kind, mine in _by_kind(reports):
        last = mine[-1]
        proved = [report.at for report in mine if report.proved]
        if proved:
            gauges["last_success_timestamp_seconds"].labels(*kind).set(proved[-1])
        gauges["unproved_since_timestamp_seconds"].labels(*kind).set(proved[-1] if proved else mine[0].at)
        gauges["last_timestamp_seconds"].labels(*kind).set(last.at)
        gauges["restored_bytes"].labels(*kind).set(last.bytes)
        gauges["replayed_bytes"].labels(*kind).set(last.replayed)
        for step in STEPS:
            gauges["fault"].labels(*kind, step).set(last.fault == step)
        for step, seconds in last.seconds.items():
            gauges["step_seconds"].labels(*kind, step).set(seconds)
    return registry


_GAUGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("last_success_timestamp_seconds", "When a drill last proved a backup", ()),
    ("unproved_since_timestamp_seconds", "That time; where none ever did, when the first one tried", ()),
    ("last_timestamp_seconds", "When the last drill ended", ()),
    ("restored_bytes", "Size of the database that the last drill restored", ()),
    ("replayed_bytes", "Log that the last drill replayed beyond the backup", ()),
    ("fault", "Whether the last drill failed in this step", ("fault",)),
    ("step_seconds", "How long each step of the last drill took", ("step",)),
)


def _by_kind(reports: Iterable[Report]) -> Iterator[tuple[tuple[str, str], list[Report]]]:
    found: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        if report.which != "named":
            found.setdefault((report.repository, report.which), []).append(report)
    yield from found.items()


def publish(folder: Path, path: Path) -> None:
    """Metrics of all kept reports, into a file that the scheduler serves; it is replaced at once."""
    write_to_textfile(str(path), metrics(read(folder)))
