"""What is no failure: the primary must stay where it is.

    python -m bench.failover.jitter [--trials 30]

Under writers, in turns: the fencer beside the primary or another is paused for 3 s; the primary's network delays each
packet by 200 ms +-100 ms and loses 5 % of them; etcd's leader is restarted; twice as many processes as cores compute;
each packet of the primary comes 300 ms late. Counted are failovers (another leader, or another term of the same one),
members that were killed, suspicions, rows that failed, and rows that were acknowledged and are gone."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench.failover.arms import ARMS, declared, enter
from bench.failover.stack import WRITERS, cluster, container, prepare, whole
from bench.stack import links, remove
from bench.writers import Writers, present, settle
from tests.live.database import connect
from tests.live.project import ROOT, Project, execute

_DELAYED, _HOG = 20.0, 10.0  # seconds


def pause_own(project: Project, leader: str) -> None:
    """The fencer beside the primary."""
    _pause(project, leader.replace("postgres", "fencer"))


def pause_other(project: Project, leader: str) -> None:
    """A witness elsewhere."""
    _pause(project, f"fencer-{int(leader[-1]) % 3 + 1}")


def _pause(project: Project, name: str) -> None:
    one = container(project, name)
    one.pause()
    time.sleep(3)
    one.unpause()


def network(project: Project, leader: str) -> None:
    """All that the primary sends comes late, and some of it never."""
    _delayed(project, leader)


def late(project: Project, leader: str) -> None:
    """All that it sends arrives, and a handshake takes more than half a second."""
    _delayed(project, leader, "--delay=0.3", "--spread=0", "--loss=0")


def _delayed(project: Project, leader: str, *how: str) -> None:
    pid = str(container(project, leader).attrs["State"]["Pid"])
    delay = (sys.executable, "-m", "bench.failover.delay", str(_DELAYED), *how)
    subprocess.run(["nsenter", "-t", pid, "-n", *delay], check=True, cwd=ROOT, stdout=sys.stderr)


def etcd(project: Project, _leader: str) -> None:
    """Its leader is restarted; two are left to elect another."""
    for instance in project.plan.site.of("etcd"):
        one = container(project, instance.name)
        if "\netcd_server_is_leader 1" in execute(one, "curl", "-fsS", "http://127.0.0.1:2381/metrics"):
            one.restart(timeout=5)
            time.sleep(5)
            return
    raise AssertionError("no member of etcd leads")


def hog(_project: Project, _leader: str) -> None:
    """Every core has two others to serve."""
    cores = os.cpu_count() or 1
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * cores)]
    try:
        time.sleep(_HOG)
    finally:
        for process in busy:
            process.kill()
            process.wait()


KINDS: dict[str, Callable[[Project, str], None]] = {
    "pause-own": pause_own,
    "network": network,
    "etcd": etcd,
    "hog": hog,
    "pause-other": pause_other,
    "late": late,
}


def figures(project: Project) -> dict[str, float]:
    """Sums over all fencers."""
    ask = ("curl", "-fsS", "--cacert", "/etc/basalt/tls/stack/ca.crt", "https://localhost:9102/metrics")
    found = {"fences": 0.0, "suspicions": 0.0}
    for instance in project.plan.site.of("fencer"):
        text = execute(container(project, instance.name), *ask)
        for name in found:
            values = re.findall(rf"^fencer_{name}_total(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)
            found[name] += sum(map(float, values))
    return found


def _reign(project: Project) -> tuple[str, int]:
    """Who leads, and in which timeline: every promotion begins another."""
    (leading,) = [one for one in cluster(project) if one["role"] == "leader"]
    return leading["name"], int(leading["timeline"])


def trial(project: Project, kind: str) -> dict[str, Any]:
    """One disturbance under writers."""
    leader = whole(project)
    before, reign = figures(project), _reign(project)
    run = f"jitter {time.time():.3f}"
    with tempfile.TemporaryDirectory() as folder:
        with Writers(Path(folder), run, links(project, WRITERS)) as writers:
            time.sleep(1)
            KINDS[kind](project, leader)
            time.sleep(3)
        rows = writers.rows()
    whole(project)
    after = figures(project)
    with connect(project, "haproxy.write", "migrate") as connection:
        account = settle(rows, present(connection, run))
    return {
        "kind": kind,
        "failover": _reign(project) != reign,
        "fences": int(after["fences"] - before["fences"]),
        "suspicions": int(after["suspicions"] - before["suspicions"]),
        "acked": account.acked,
        "failed": account.failed,
        "lost": account.lost,
    }


def main() -> None:
    """Prints and writes `bench/jitter.json`; fails when the primary moved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--keep", action="store_true", help="leave the stack up")
    options = parser.parse_args()
    project = prepare()
    found: list[dict[str, Any]] = []
    try:
        leader = whole(project)
        enter(project, ARMS["fencer"], declared(project, leader))
        for kind in islice(cycle(KINDS), options.trials):
            found.append(trial(project, kind))
            print(f"{len(found)}: {found[-1]}", file=sys.stderr, flush=True)
    finally:
        if not options.keep:
            remove(project)
    sums = {key: sum(one[key] for one in found) for key in ("failover", "fences", "suspicions", "failed", "lost")}
    text = json.dumps({"trials": len(found), **sums, "runs": found}, indent=1)
    (ROOT / "bench" / "jitter.json").write_text(text + "\n")
    print(text)
    if sums["failover"] or sums["fences"] or sums["lost"]:
        sys.exit("the primary did not stay where it was")


if __name__ == "__main__":
    main()
