"""How old the newest keepsakes are, and how old they may be, as metrics."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

_SINCE = "backup_keepsake_since_timestamp_seconds"
_DUE = "backup_keepsake_due_seconds"


def write(
    path: Path,
    repositories: Iterable[str],
    due: Mapping[str, float],
    found: Mapping[str, Mapping[str, float]],
    now: float,
) -> None:
    """`found`: repository -> kind -> when the newest was taken. A kind of which there is none is missing since it was
    first missed; a repository that was not read is as it was told last."""
    registry = CollectorRegistry()
    since = Gauge(
        _SINCE, "When the newest was taken; where there is none, since when", ["repository", "kind"], registry=registry
    )
    allowed = Gauge(_DUE, "How old the newest of a kind may be", ["kind"], registry=registry)
    before = _before(path)
    for kind, seconds in due.items():
        allowed.labels(kind).set(seconds)
        for repository in repositories:
            at = found.get(repository, {}).get(kind, before.get((repository, kind), now))
            since.labels(repository, kind).set(at)
    write_to_textfile(str(path), registry)


def _before(path: Path) -> dict[tuple[str, str], float]:
    if not path.exists():
        return {}
    families = text_string_to_metric_families(path.read_text())
    return {
        (sample.labels["repository"], sample.labels["kind"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == _SINCE
    }
