"""`basalt drill`: a backup is restored into a throw-away PostgreSQL, by the program beside the repository
(images/backup/drill)."""

import json
from dataclasses import dataclass
from typing import Any

from basalt.operations.repository import Say, ask
from basalt.render import render
from basalt.topology.model import Topology

#: Of the page's chart: how many drills it shows.
_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Drill:
    """`started`: ISO 8601 without punctuation, UTC. `seconds` of all its steps. `proved`: the backup was restored and
    is well. `fault`: the first step that found one. `evidence`: the whole report."""

    started: str
    which: str
    label: str | None
    bytes: int
    seconds: float
    proved: bool
    fault: str | None
    why: str | None
    evidence: dict[str, Any]

    @property
    def verdict(self) -> str:
        """In words."""
        told = f"{self.fault}: {self.why}" if self.fault else ""
        return ", but ".join(filter(None, ("proved" if self.proved else "", told)))


def run(topology: Topology, label: str | None, say: Say, *, older: bool) -> Drill:
    """Says each step as it begins. Raises BackupsError, EngineError."""
    which = ["--older"] if older else [f"--set={label}"] if label else []
    return _drill(json.loads(ask(topology, ["backup-drill", "--json", *which], say, ends_with=(0, 1))))


def kept(topology: Topology) -> list[Drill]:
    """Those whose reports are kept, the newest first. Raises BackupsError, EngineError."""
    return [_drill(report) for report in reversed(json.loads(ask(topology, ["backup-drill", "--list"])))]


def _drill(report: dict[str, Any]) -> Drill:
    named = {name: report[name] for name in ("started", "which", "label", "bytes", "proved", "fault", "why")}
    return Drill(**named, seconds=round(sum(report["seconds"].values()), 1), evidence=report)


def page(stack: str, drills: list[Drill]) -> str:
    """HTML with a chart of the last drills' steps and a table of all; it stands alone."""
    shown = drills[:_SHOWN][::-1]
    steps = list(dict.fromkeys(step for drill in shown for step in drill.evidence["seconds"]))
    longest = max((sum(drill.evidence["seconds"].values()) for drill in shown), default=0.0) or 1.0
    return render("backup/drills.html.j2", stack=stack, drills=drills, shown=shown, steps=steps, longest=longest)
