"""A planned switchover under writers: `basalt switchover` against `patronictl switchover`, in one run, in turns.

    python -m bench.switchover [--rounds 20]

A stack of its own (etcd, three members of PostgreSQL, HAProxy, PgBouncer) is brought up and removed. Eight writers
insert numbered rows through both PgBouncers over verified TLS, and write what became of each before the next
(`bench/writers.py`). Before each switchover the cluster is whole: a leader, two replicas that stream, one of them
synchronous. Per switchover:
  longest   seconds for which the client that was hit worst got nothing acknowledged
  failed    statements and connections that were refused, or of which it is not known
  stall     ours only: seconds for which the pools were paused, as the command says
Afterwards: acknowledged rows that are gone, refused rows that are there. Goals of ours: nothing failed or lost, median
of `longest` at most 0.7 s and a fourth of the other's."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from basalt.operations.switchover.decide import RefusedError, choose
from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.view import View
from bench.stack import links, prepare, remove
from bench.writers import SCHEMA, Row, Writers, longest_gap, present, settle
from tests.live.database import connect
from tests.live.project import ROOT, Project, execute
from tests.waiting import until

WRITERS = 8
_CALM = 1.0  # seconds of writing before and after


def whole(project: Project) -> View | None:
    """The cluster when it could switch over; None when it could not."""
    try:
        seen = look(project.plan.site)
        choose(seen, None, 5, synchronous=True)
    except (HandError, RefusedError):
        return None
    return seen if seen.whole else None


def ours(project: Project, _seen: View) -> dict[str, Any]:
    """`basalt switchover`; what it says."""
    told: dict[str, Any] = project.told("switchover", "--yes")
    return {"stall": told["stall"], "marks": told["marks"], "whole": told["whole"]}


def patronictl(project: Project, seen: View) -> dict[str, Any]:
    """What everybody else would type."""
    choice = choose(seen, None, 5, synchronous=True)
    order = ("patronictl", "switchover", "--leader", choice.leader, "--candidate", choice.candidate, "--force")
    execute(project.containers()[choice.leader], *order)
    return {}


ARMS: dict[str, Callable[[Project, View], dict[str, Any]]] = {"ours": ours, "patronictl": patronictl}


def one(project: Project, writers: Writers, arm: str) -> dict[str, Any]:
    """One switchover, and what the writers saw of it."""
    until(lambda: whole(project) is not None, "a whole cluster", 120)
    seen = whole(project)
    assert seen is not None, "the cluster is whole no more"  # noqa: S101
    time.sleep(_CALM)
    begun = time.monotonic()
    told = ARMS[arm](project, seen)
    until(lambda: whole(project) is not None, f"a whole cluster after {arm}", 120)
    time.sleep(_CALM)
    ended = time.monotonic()
    rows = [row for row in writers.rows() if row.answered > begun - _CALM]
    failed = [row for row in rows if row.outcome != "acked" and row.answered <= ended]
    found = {"arm": arm, "longest": round(longest_gap(rows, begun, ended), 3), "failed": len(failed), **told}
    return {**found, "errors": sorted({row.error for row in failed})[:3]}


def measure(project: Project, rounds: int) -> dict[str, Any]:
    """All rounds, and the account."""
    numbers = count(1)
    run = f"switchover {time.time():.0f}"
    with tempfile.TemporaryDirectory() as folder:
        found: list[dict[str, Any]] = []
        with Writers(Path(folder), run, links(project, WRITERS)) as writers:
            for _ in range(rounds):
                for arm in ARMS:
                    found.append(one(project, writers, arm))
                    print(f"{next(numbers)}: {found[-1]}", file=sys.stderr, flush=True)
        rows = writers.rows()
    return {"summary": _summary(found), "account": _account(project, run, rows), "switchovers": found}


def _account(project: Project, run: str, rows: list[Row]) -> dict[str, int]:
    with connect(project, "haproxy.write", "migrate") as connection:
        account = settle(rows, present(connection, run))
    return {"acked": account.acked, "failed": account.failed, "lost": account.lost, "ghosts": account.ghosts}


def _summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for arm in ARMS:
        longest = sorted(one["longest"] for one in found if one["arm"] == arm)
        told[arm] = {
            "switchovers": len(longest),
            "longest_median": round(statistics.median(longest), 3),
            "longest_max": longest[-1],
            "failed": sum(one["failed"] for one in found if one["arm"] == arm),
        }
    told["ratio_of_medians"] = round(told["ours"]["longest_median"] / told["patronictl"]["longest_median"], 3)
    return told


def main() -> None:
    """Prints and writes `bench/switchover.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--keep", action="store_true", help="leave the stack up")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "switchover.json")
    options = parser.parse_args()
    project = prepare("swi", "198.18.0.0/20", (SCHEMA,))
    try:
        text = json.dumps(measure(project, options.rounds), indent=1)
    finally:
        if not options.keep:
            remove(project)
    options.output.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
