"""`basalt drill`: a backup is restored into a throw-away PostgreSQL, by the program beside the repository
(images/backup/drill)."""

import json
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from basalt.operations.repository import Say, ask
from basalt.render import render
from basalt.topology.model import Topology

#: Of the page's chart: how many drills it shows.
_SHOWN = 90
_WIDTH = 10  # of a bar and the space beside it
_COLOURS = ("#4e79a7", "#a0cbe8", "#8cd17d", "#59a14f", "#f1ce63", "#e15759", "#b07aa1", "#9c755f")


@dataclass(frozen=True, slots=True)
class Drill:
    """`started`: ISO 8601 without punctuation, UTC. `seconds` of all its steps. `proved`: the backup was restored and
    is well. `fault`: the first step that found one. `evidence`: the whole report."""

    started: str
    repository: str
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


def run(topology: Topology, label: str | None, repository: str | None, say: Say, *, older: bool) -> list[Drill]:
    """One of each repository, or of that one. Says each step as it begins. Raises BackupsError, EngineError."""
    which = ["--older"] if older else [f"--set={label}"] if label else []
    which += [f"--repository={repository}"] if repository else []
    reports = json.loads(ask(topology, ["backup-drill", "--json", *which], say, ends_with=(0, 1)))
    return [_drill(report) for report in reports]


def kept(topology: Topology) -> list[Drill]:
    """Those whose reports are kept, the newest first. Raises BackupsError, EngineError."""
    return [_drill(report) for report in reversed(json.loads(ask(topology, ["backup-drill", "--list"])))]


def _drill(report: dict[str, Any]) -> Drill:
    named = {
        name: report[name] for name in ("started", "repository", "which", "label", "bytes", "proved", "fault", "why")
    }
    return Drill(**named, seconds=round(sum(report["seconds"].values()), 1), evidence=report)


@dataclass(frozen=True, slots=True)
class Bar:
    """A drill in the chart. `parts`: colour, top and height of each step, from the top of a chart 100 high."""

    drill: Drill
    left: int
    parts: list[tuple[str, float, float]]


def page(stack: str, drills: list[Drill]) -> str:
    """HTML with a chart of the last drills' steps and a table of all; it stands alone."""
    shown = drills[:_SHOWN][::-1]
    steps = dict.fromkeys(step for drill in shown for step in drill.evidence["seconds"])
    colours = dict(zip(steps, cycle(_COLOURS), strict=False))
    longest = max((drill.seconds for drill in shown), default=0.0) or 1.0
    return render(
        "backup/drills.html.j2",
        stack=stack,
        drills=drills,
        proofs=[drill for drill in drills if drill.proved],
        colours=colours,
        longest=longest,
        width=_WIDTH * max(1, len(shown)),
        bars=[_bar(drill, _WIDTH * number, colours, longest) for number, drill in enumerate(shown)],
    )


def _bar(drill: Drill, left: int, colours: dict[str, str], longest: float) -> Bar:
    parts, top = [], 100.0
    for step, seconds in drill.evidence["seconds"].items():
        height = seconds / longest * 100
        top -= height
        parts.append((colours[step], top, height))
    return Bar(drill, left, parts)
