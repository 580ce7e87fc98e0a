"""What users notice of `basalt hosts patch` while it updates and boots three hosts, one after the other.

    python -m bench.patch

Bare Debian hosts in containers (tests/lab), one of them of release 12, are made ready and carry a whole stack, database
and Redis among it. On each a package waits for its update and asks for a boot. Four users order all the while through
either edge: where a connection is not taken they go to the other, as a browser does with the addresses of a name. An
order that was acknowledged has to be there afterwards. Each quarter of a second it is asked how many members of etcd
are up."""

import argparse
import json
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from basalt.operations.drain.hands import FAULTS, RUNS
from basalt.targets.docker.engine import connect
from basalt.topology.model import own_certificates
from tests.ansible import packages
from tests.ansible.lab import HOSTS, Lab, lab
from tests.lab.machines import OPERATOR
from tests.live.database import primary
from tests.live.edge import Edge
from tests.live.project import ROOT, Project, execute
from tests.live.test_healing import healthy
from tests.waiting import until

_USERS = 4
_PAUSE = 0.1  # seconds between two orders of a user
_LOOK = 0.25


def whole(topology: dict[str, Any]) -> None:
    """Nobody whom users need is alone, and hosts have room for it."""
    for host in topology["hosts"].values():
        host["memory_gb"] = 6
    services = topology["services"]
    services["nginx"]["members"] = 2
    for part in ("payment", "worker"):
        services["app"]["parts"][part]["replicas"] = 2


@dataclass
class Seen:
    """What users and whoever counts saw. `orders`: id -> when it was acknowledged (monotonic)."""

    orders: dict[int, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    elsewhere: int = 0
    voters: list[int] = field(default_factory=list)


class User:
    """Orders at one edge until it takes no connection, then at the next."""

    def __init__(self, edges: list[Edge], seen: Seen, ended: threading.Event) -> None:
        self._edges, self._seen, self._ended = edges, seen, ended

    def run(self) -> list[float]:
        """When each order was acknowledged."""
        clients, turn, acknowledged = [edge.client() for edge in self._edges], 0, [time.monotonic()]
        while not self._ended.wait(_PAUSE):
            try:
                number = self._order(clients[turn % len(clients)])
            except (httpx.ConnectError, httpx.ConnectTimeout):
                turn += 1
                self._seen.elsewhere += 1
            except httpx.HTTPError as error:
                self._seen.failures.append(repr(error))
            else:
                acknowledged.append(time.monotonic())
                self._seen.orders[number] = acknowledged[-1]
        for client in clients:
            client.close()
        return [*acknowledged, time.monotonic()]

    def _order(self, client: httpx.Client) -> int:
        headers = {"Authorization": f"Bearer {self._edges[0].token('admin')}"}
        answer = client.post("/orders", json={"product": "lamp", "quantity": 1}, headers=headers)
        number: int = answer.raise_for_status().json()["id"]
        return number


def _count(project: Project, seen: Seen, ended: threading.Event) -> None:
    """Members of etcd that run; an engine that does not answer has none."""
    while not ended.wait(_LOOK):
        up = 0
        for engine in project.engines:
            try:
                marks: dict[str, Any] = {"label": ["basalt.workload=etcd"], "status": RUNS, "health": "healthy"}
                up += len(connect(engine).containers.list(filters=marks))
            except FAULTS:
                continue
        seen.voters.append(up)


def _edges(project: Project, folder: Path) -> list[Edge]:
    authority = folder / "ca.crt"
    authority.write_text(project.authority)
    first = Edge.of(project, authority)
    site = project.plan.site
    return [replace(first, base=f"https://{site.ip(one)}:8443") for one in site.of("nginx")]


def _asks_for_a_boot(made: Lab) -> None:
    for name in HOSTS:
        packages.begin(made.machines[name])
        packages.offer(made.machines[name], "2")
        made.machines[name].run("touch", "/run/reboot-required")


def _under_load(made: Lab, project: Project, folder: Path) -> dict[str, Any]:
    seen, ended, edges = Seen(), threading.Event(), _edges(project, folder)
    edges[0].token("admin")  # all users share it: logins are limited
    before = {name: made.machines[name].booted for name in HOSTS}
    with ThreadPoolExecutor(_USERS + 1) as pool:
        users = [
            pool.submit(User(edges[number % 2 :] + edges[: number % 2], seen, ended).run) for number in range(_USERS)
        ]
        counting = pool.submit(_count, project, seen, ended)
        try:
            until(lambda: len(seen.orders) > 50, "orders", 60)
            run = made.play("patch")
        finally:
            ended.set()
        acknowledged = [user.result() for user in users]
        counting.result()
    if run.code:
        raise SystemExit(run.output)
    changed = {
        "seconds": round(run.seconds, 1),
        "booted": sum(made.machines[name].booted != booted for name, booted in before.items()),
        "updated": sum(packages.version(made.machines[name]) == "2 installed" for name in HOSTS),
    }
    waits = [later - earlier for one in acknowledged for earlier, later in pairwise(one)]
    return {
        "date": time.strftime("%Y-%m-%d"),
        **changed,
        **_noticed(project, seen),
        "longest_wait": round(max(waits), 2),
    }


def _noticed(project: Project, seen: Seen) -> dict[str, Any]:
    told = execute(primary(project), "psql", "-h", "/run/postgresql", "-d", "shop", "-Atc", "SELECT id FROM orders")
    there = {int(line) for line in told.split()}
    return {
        "acknowledged": len(seen.orders),
        "lost": len(seen.orders.keys() - there),
        "failed": len(seen.failures),
        "failures": sorted(set(seen.failures))[:10],
        "went_to_the_other_edge": seen.elsewhere,
        "etcd_members_up_at_least": min(seen.voters),
        "well_afterwards": not healthy(project),
    }


def measure() -> dict[str, Any]:
    """One roll."""
    with tempfile.TemporaryDirectory() as name, lab(Path(name)) as made, made.declared(whole):
        key = made.operator.key.with_suffix(".pub").read_text().strip()
        made.tell(
            base_users=[{"name": "ops", "keys": [key], "sudo": True}], firewall_engine_operators=[f"{OPERATOR}/32"]
        )
        made.right("site")
        certificates = str(made.project.folder / own_certificates("lab"))
        engines = [{"url": h.engine, "certificates": certificates} for h in made.project.topology.hosts.values()]
        project = replace(made.project, engines=tuple(engines))
        project.up()
        try:
            until(lambda: not healthy(project), "all healthy", 300)
            _asks_for_a_boot(made)
            return _under_load(made, project, Path(name))
        finally:
            project.remove()


def main() -> None:
    """Prints and writes `bench/patch.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "patch.json")
    options = parser.parse_args()
    told = json.dumps(measure(), indent=1)
    options.output.write_text(told + "\n")
    print(told)


if __name__ == "__main__":
    main()
