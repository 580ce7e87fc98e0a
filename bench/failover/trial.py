"""One fault, and what writers and probes saw of it."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.failover.arms import ARMS, enter
from bench.failover.faults import FAULTS, Fault
from bench.failover.prober import Prober, overlaps
from bench.failover.stack import WRITERS, members, whole
from bench.stack import links
from bench.writers import TABLE, Row, Writers, longest_gap, present, settle
from tests.live.database import connect
from tests.live.project import Project
from tests.waiting import until

_CALM = 2.0  # seconds of writing before and after
_LONGEST = 420.0  # Patroni's defaults let PostgreSQL recover in its place for 300 s


def attempt(
    project: Project, arm: str, fault: str, own: dict[str, int] | None, *, sabotage: bool = False
) -> dict[str, Any]:
    """`outage`: for the client that was hit worst; `all`: nobody at all got anything acknowledged."""
    struck = enter(project, ARMS[arm], own)
    run = f"failover {time.time():.3f}"
    with tempfile.TemporaryDirectory() as folder:
        writers = Writers(Path(folder), run, links(project, WRITERS))
        with writers, Prober(members(project)) as prober:
            begun, written, leader = _struck(project, FAULTS[fault], struck, writers)
            ended = time.monotonic()
        rows = writers.rows()
    if sabotage:
        lose_one(project, run)
    return {
        "arm": arm,
        "fault": fault,
        "outage": round(longest_gap(rows, begun, written), 3),
        "all": round(longest_gap(_as_one(rows), begun, written), 3),
        "primary": _first_write(prober, struck, begun),
        "moved": leader != struck,
        "whole": round(ended - begun, 1),
        "overlaps": overlaps(prober.taken),
        **_account(project, run, rows),
    }


def _struck(project: Project, fault: Fault, struck: str, writers: Writers) -> tuple[float, float, str]:
    """When it was struck, until when was written, and who leads a cluster that is whole again."""
    until(lambda: _everybody(writers.rows(), time.monotonic() - 1.5), "writers that write", 60)
    time.sleep(_CALM)
    strike = fault.aim(project, struck)
    begun = time.monotonic()
    strike()
    until(lambda: _everybody(writers.rows(), begun), "writes after the fault", _LONGEST, every=0.5)
    time.sleep(_CALM)
    written = time.monotonic()
    fault.heal(project, struck)
    return begun, written, whole(project)


def lose_one(project: Project, run: str) -> None:
    """Sabotage: an acknowledged row is gone."""
    with connect(project, "haproxy.write", "migrate") as connection:
        connection.execute(
            f"DELETE FROM {TABLE} WHERE ctid = (SELECT min(ctid) FROM {TABLE} WHERE run = %s)",  # noqa: S608  a constant
            [run],
        )


def _account(project: Project, run: str, rows: list[Row]) -> dict[str, int]:
    with connect(project, "haproxy.write", "migrate") as connection:
        account = settle(rows, present(connection, run))
    return {"acked": account.acked, "failed": account.failed, "lost": account.lost, "ghosts": account.ghosts}


def _as_one(rows: list[Row]) -> list[Row]:
    """All clients as if they were one."""
    return [replace(row, client=0) for row in sorted(rows, key=lambda row: row.answered)]


def _first_write(prober: Prober, struck: str, begun: float) -> float | None:
    """Seconds until another member took a write: detection, proof and election, without proxies."""
    found = [taken.answered for taken in list(prober.taken) if taken.member != struck and taken.answered > begun]
    return round(min(found) - begun, 3) if found else None


def _everybody(rows: list[Row], since: float) -> bool:
    """Whether every client got a row acknowledged that it sent since; a fault that nobody has noticed yet has its rows
    answered too, so some time must lie between."""
    acked = {row.client for row in rows if row.outcome == "acked" and row.sent > since + 0.5}
    return len(acked) == WRITERS
