"""Whether the log is archived as fast as it is written.

    python -m bench.archiving [--scale 50] [--seconds 120] [--clients 4]

A stack of its own (etcd, three members of PostgreSQL, a repository with TLS) is brought up and removed. pgbench runs
inside the leader's container; ten times a second the leader is asked how many whole segments of its log (16 MiB) are
not archived yet (`pg_stat_archiver`; a segment counts when the repository has it, although `archive-push` works ahead).
  load   pgbench fills its tables, as fast as it can: the worst that a stack sees
  run    pgbench's own mix (TPC-B like), for `--seconds`
Of both: segments that waited - median, 99th percentile, most -, MiB of log a second, and how long after the end
somebody still waited."""

import argparse
import json
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from bench.stack import prepare, remove
from tests.live.database import connect, primary
from tests.live.project import ROOT, Project, execute
from tests.waiting import until

_LOG = """
    SELECT pg_walfile_name(pg_current_wal_lsn()), pg_current_wal_lsn() - '0/0', coalesce(last_archived_wal, '')
    FROM pg_stat_archiver"""
_PGBENCH = ("/usr/lib/postgresql/17/bin/pgbench", "--host=/run/postgresql")
_EVERY = 0.1

Connection = psycopg.Connection[tuple[object, ...]]


class Log:
    """The leader's. What was archived last may be the note of a backup: then it is the last segment before."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._archived = connection, -1

    def look(self) -> tuple[int, int]:
        """Whole segments that wait, and bytes of log until now."""
        ((current, size, archived),) = self._connection.execute(_LOG).fetchall()
        if re.fullmatch(r"[0-9A-F]{24}", str(archived)):
            self._archived = max(self._archived, _segment(str(archived)))
        return _segment(str(current)) - self._archived - 1, int(str(size))

    def waits(self) -> bool:
        """Whether any does; so it is while nothing has been archived yet."""
        return self.look()[0] > 0 or self._archived < 0


def _segment(name: str) -> int:
    """The number of a file of log, whatever its timeline: 256 to each of what it is named by (16 MiB)."""
    return int(name[8:16], 16) * 256 + int(name[16:24], 16)


def during(project: Project, log: Log, *words: str) -> dict[str, float]:
    """What waited while pgbench ran in the leader's container. AssertionError with its words when it fails."""
    leader, (_, before) = primary(project), log.look()
    waited: list[int] = []
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(execute, leader, *_PGBENCH, *words)
        while not run.done():
            waited.append(log.look()[0])
            time.sleep(_EVERY)
    ended, after = time.monotonic(), log.look()[1]
    until(lambda: not log.waits(), "all to be archived", 300, every=_EVERY)
    rate = re.search(r"tps = ([\d.]+)", run.result())
    return {
        "median": statistics.median(waited),
        "p99": sorted(waited)[len(waited) * 99 // 100],
        "most": max(waited),
        "mib_a_second": round((after - before) / (ended - started) / 2**20, 1),
        "seconds": round(ended - started, 1),
        "seconds_after": round(time.monotonic() - ended, 1),
        **({"transactions_a_second": round(float(rate[1]))} if rate else {}),
    }


def measure(project: Project, options: argparse.Namespace) -> dict[str, Any]:
    """Both."""
    with connect(project, "haproxy.write", "migrate") as connection:
        log = Log(connection)
        until(lambda: not log.waits(), "all to be archived", 180)
        execute(primary(project), "psql", "-h", "/run/postgresql", "-qc", "CREATE DATABASE pgbench")
        load = during(project, log, "--initialize", "--quiet", f"--scale={options.scale}", "pgbench")
        # Who says nothing for a minute is given up by the engine's client.
        mix = (f"--client={options.clients}", f"--time={options.seconds}", "--no-vacuum", "--progress=10")
        run = during(project, log, *mix, "pgbench")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "scale": options.scale,
        "clients": options.clients,
        "load": load,
        "run": run,
    }


def main() -> None:
    """Prints and writes `bench/archiving.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=50, help="of pgbench; 50 are 750 MB (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=120, help="(default: %(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="(default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "archiving.json")
    options = parser.parse_args()
    project = prepare("arch", "198.18.176.0/20", (), backup={})
    try:
        told = measure(project, options)
    finally:
        remove(project)
    text = json.dumps(told, indent=1)
    print(text)
    options.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
