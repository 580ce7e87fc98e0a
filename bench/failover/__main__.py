"""Faults of the primary under writers, with the fencer, without it and with others' timeouts; arms in turns.

    python -m bench.failover [--runs 20] [--faults kill,docker-kill,crash,hang] [--arms fencer,patroni] [--sabotage]

A stack of its own is brought up and removed. Eight writers insert numbered rows through both PgBouncers over verified
TLS, and write what became of each before the next (`bench/writers.py`); write probes go to every member each 50 ms
(`prober.py`). Before each fault the cluster is whole. Per fault, in seconds:
  outage    for which the client that was hit worst got nothing acknowledged
  all       for which nobody got anything acknowledged
  primary   until another member took a write
  whole     until a leader, a synchronous and another replica were there again
  lost, ghosts, overlaps    acknowledged rows that are gone, refused rows that are there, writes that two took at once
`--sabotage` deletes an acknowledged row of each run: the account must tell of it, and the command fail."""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.failover.arms import ARMS, declared, enter
from bench.failover.faults import FAULTS
from bench.failover.stack import prepare, whole
from bench.failover.trial import attempt
from bench.stack import remove
from tests.live.project import ROOT, Project


def measure(project: Project, options: argparse.Namespace) -> dict[str, Any]:
    """All runs."""
    own = declared(project, whole(project))
    found: list[dict[str, Any]] = []
    for number in range(options.runs):
        for fault in options.faults:
            for arm in options.arms:
                begun = int(time.time())
                found.append(attempt(project, arm, fault, own, sabotage=options.sabotage))
                if options.logs and found[-1]["outage"] > options.slow:
                    keep_logs(project, options.logs / f"{number + 1}-{fault}-{arm}", begun)
                print(f"{number + 1}: {found[-1]}", file=sys.stderr, flush=True)
    if options.keep:
        enter(project, ARMS["fencer"], own)
    return {"summary": summary(found), "timeouts": own, "runs": found}


def keep_logs(project: Project, folder: Path, since: int) -> None:
    """What all containers wrote since a time (Unix, seconds), each in a file."""
    folder.mkdir(parents=True)
    for name, one in project.containers().items():
        (folder / name).write_bytes(one.logs(since=since, timestamps=True))


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """By fault and arm: how many, median, 95th percentile (nearest rank) and most of the outage."""
    told: dict[str, Any] = {}
    for fault in dict.fromkeys(run["fault"] for run in found):
        for arm in dict.fromkeys(run["arm"] for run in found):
            mine = [run for run in found if (run["fault"], run["arm"]) == (fault, arm)]
            outages = sorted(run["outage"] for run in mine)
            if not outages:
                continue
            told.setdefault(fault, {})[arm] = {
                "runs": len(outages),
                "median": round(statistics.median(outages), 2),
                "p95": outages[max(0, -(-len(outages) * 95 // 100) - 1)],
                "max": outages[-1],
                "lost": sum(run["lost"] for run in mine),
                "overlaps": sum(run["overlaps"] for run in mine),
            }
    return told


def _names(known: dict[str, Any]) -> Any:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        if set(names) - known.keys():
            raise argparse.ArgumentTypeError(f"there are: {', '.join(known)}")
        return names

    return parse


def main() -> None:
    """Prints and writes `bench/failover.json`; fails when rows are lost or two members took writes at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--faults", type=_names(FAULTS), default=list(FAULTS))
    parser.add_argument("--arms", type=_names(ARMS), default=["fencer", "patroni"])
    parser.add_argument("--sabotage", action="store_true", help="loses a row on purpose")
    parser.add_argument("--keep", action="store_true", help="leave the stack up")
    parser.add_argument("--logs", type=Path, help="where to keep what all wrote in slow runs")
    parser.add_argument("--slow", type=float, default=3.0, help="seconds of outage (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "failover.json")
    options = parser.parse_args()
    project = prepare()
    try:
        told = measure(project, options)
    finally:
        if not options.keep:
            remove(project)
    text = json.dumps(told, indent=1)
    print(text)
    if not options.sabotage:
        options.output.write_text(text + "\n")
    ours = [run for run in told["runs"] if ARMS[run["arm"]].fencer]
    if any(run["lost"] or run["ghosts"] or run["overlaps"] for run in ours):
        sys.exit("rows were lost, or two members took writes at once")


if __name__ == "__main__":
    main()
