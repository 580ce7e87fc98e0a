"""`pulumi up` killed with -9: the next `up` converges and nothing is orphaned."""

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import docker
import pytest

from basalt.operations.helpers import orphans
from tests.live.edge import Edge
from tests.live.project import ROOT, Project
from tests.live.test_healing import orders_go_through, save
from tests.waiting import until

REPORT = ROOT / ".basalt" / "reports" / "interrupted.json"
MOMENTS = int(os.environ.get("BASALT_TEST_KILLS", "1"))


def engine_of(parent: int) -> int:
    """The `pulumi up` that a `basalt up` has started."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == parent and words[0].endswith(b"pulumi") and words[1] == b"up":
            return int(folder.name)
    return 0


def labelled(project: Project) -> set[str]:
    """Ids of all containers and networks with the stack's label."""
    client = docker.from_env()
    mark: dict[str, Any] = {"label": f"basalt.stack={project.stack}"}
    return {str(c.id) for c in client.containers.list(all=True, filters=mark)} | {
        str(n.id) for n in client.networks.list(filters=mark)
    }


@pytest.mark.breaks
@pytest.mark.parametrize("attempt", range(MOMENTS))
def test_an_up_that_is_killed_is_finished_by_the_next(project: Project, attempt: int, edge: Edge) -> None:
    project.basalt("down", "--yes")
    process = project.start("python", "-m", "basalt", "up", "--stack", project.stack, "--yes")
    assert process.stdout is not None
    engine = until(lambda: engine_of(process.pid), "the engine", 60)
    # The moment: after a random number of the more than 300 lines that an `up` from nothing prints.
    moment = random.Random(attempt + 100 * os.getpid()).randint(1, 300)
    number, line = next((pair for pair in enumerate(process.stdout) if pair[0] >= moment), (moment, "its end"))
    os.kill(engine, signal.SIGKILL)
    process.communicate()
    started = time.monotonic()
    told = project.up().stdout
    seconds = round(time.monotonic() - started)
    project.pulumi("preview", "--expect-no-changes")
    known = {resource["id"] for resource in _resources(project) if resource.get("id")}
    assert labelled(project) <= known
    assert list(orphans(project.environment["PULUMI_BACKEND_URL"])) == []
    # `down` took the authority with it: whoever trusted the old one has to ask again.
    edge.authority.write_text(project.authority)
    until(lambda: orders_go_through(edge), "a working stack", 60)
    before = json.loads(REPORT.read_text()) if attempt else []
    unnoted = told.count("made, but not noted")
    found = {"killed_after": number, "line": line.strip(), "unnoted": unnoted, "next_up_seconds": seconds}
    save(REPORT, [*before, found])


def _resources(project: Project) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(project.pulumi("stack", "export").stdout)["deployment"]["resources"]
    return found
