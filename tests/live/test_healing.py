"""Any single container killed: the stack heals without a hand and the edge answers again."""

import json
import os
import random
import signal
import time
from pathlib import Path

import httpx
import pytest

from basalt.targets.docker.health import well
from tests.live.edge import Edge
from tests.live.project import ROOT, Project
from tests.waiting import until

REPORT = ROOT / ".basalt" / "reports" / "healing.json"


def kill(project: Project, name: str) -> None:
    """A crash: SIGKILL to the container's first process. (`docker kill` would count as a wish and not be healed.)"""
    pid = project.containers()[name].attrs["State"]["Pid"]
    assert pid > 1, f"{name} does not run"  # 0 would be this process's own group
    os.kill(pid, signal.SIGKILL)


def begun(project: Project, name: str) -> str:
    """When a container was started last."""
    return str(project.containers()[name].attrs["State"]["StartedAt"])


def orders_go_through(edge: Edge) -> bool:
    """An order can be placed and read."""
    try:
        with edge.client("partner") as client:
            placed = client.post("/orders", json={"product": "probe", "quantity": 1})
            return placed.status_code == 201 and client.get(f"/orders/{placed.json()['id']}").status_code == 200
    except httpx.HTTPError:
        return False


def healthy(project: Project) -> list[str]:
    """Those that last and are not healthy."""
    lasting = {i.name for i in project.plan.site.instances if not i.workload.task}
    return [name for name, container in project.containers().items() if name in lasting and not well(container)]


@pytest.mark.breaks
def test_containers_of_every_workload_killed_in_turn_heal(project: Project, edge: Edge) -> None:
    until(lambda: orders_go_through(edge), "a working stack", 60)
    lasting = [i for i in project.plan.site.instances if not i.workload.task]
    if not os.environ.get("BASALT_TEST_HEALING"):
        # One of each workload, another one each time.
        workloads = {instance.workload.name: instance for instance in random.sample(lasting, len(lasting))}
        lasting = [instance for instance in lasting if instance in workloads.values()]
    rows = []
    for instance in lasting:
        former = begun(project, instance.name)
        started = time.monotonic()
        kill(project, instance.name)
        until(lambda: orders_go_through(edge), f"orders after {instance.name} was killed", 120, every=0.1)
        answers = time.monotonic() - started
        until(
            lambda one=instance.name, then=former: begun(project, one) != then,  # type: ignore[misc]
            f"another start of {instance.name}",
        )
        until(lambda: not healthy(project), f"all healthy after {instance.name} was killed", 180)
        whole = time.monotonic() - started
        rows.append({"instance": instance.name, "answers": round(answers, 1), "whole": round(whole, 1)})
        print(f"{instance.name:24} orders go through after {answers:5.1f} s, whole after {whole:5.1f} s")
    save(REPORT, rows)
    assert orders_go_through(edge)


def save(path: Path, rows: list[dict[str, object]]) -> None:
    """The table as JSON; `bench/healing.json` is a committed run of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n")
