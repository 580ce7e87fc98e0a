"""`basalt check` on the live stack: nothing is assumed, and what is planted is told by its own row."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from docker.models.containers import Container

from basalt.images import reference
from basalt.targets.docker.engine import connect
from tests.live.database import is_primary
from tests.live.project import Project, freeze
from tests.waiting import until

Name = tuple[str, str]


def asked(project: Project, *options: str) -> tuple[int, dict[Name, dict[str, Any]]]:
    """Its exit code, and its rows by service and id."""
    done = project.basalt("check", "--json", *options, check=False)
    try:
        rows: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError as error:
        raise LookupError(f"no checklist: {done.stdout}") from error
    return done.returncode, {(row["service"], row["id"]): row for row in rows}


def bad(rows: dict[Name, dict[str, Any]], *verdicts: str) -> dict[Name, str]:
    return {name: f"{row['verdict']}: {row['measured']}" for name, row in rows.items() if row["verdict"] in verdicts}


def passes(project: Project) -> bool:
    """Whether every row is measured and none fails. AssertionError with those that are not so."""
    code, rows = asked(project)
    assert bad(rows, "fail", "unknown") == {}
    assert code == 0
    return True


def tells(project: Project, faults: dict[Name, str], verdicts: tuple[str, ...] = ("fail", "unknown")) -> Any:
    """Until it tells these and no others; its rows. A busy machine may have faults of its own for a moment."""

    def told() -> dict[Name, dict[str, Any]]:
        code, rows = asked(project)
        assert (code, bad(rows, *verdicts)) == (2, faults)
        return rows

    return until(told, f"{faults} and nothing else", 120)


@pytest.fixture(scope="module")
def passing(project: Project) -> None:
    """As every test here leaves it."""
    until(lambda: passes(project), "a checklist that passes", 300, every=3)


@pytest.mark.usefixtures("passing")
def test_every_row_is_measured_and_none_fails(project: Project) -> None:
    _, rows = asked(project)
    assert {service for service, _ in rows} == {"stack", *project.topology.services}
    assert len(rows) > 100


def test_an_up_would_change_nothing(project: Project) -> None:
    _, rows = asked(project, "--drift")
    assert rows["stack", "drift"]["measured"] == "nothing"


@contextmanager
def intruder(project: Project) -> Iterator[Container]:
    """A container that somebody ran by hand, without limits, under the stack's label."""
    image = reference(project.plan.site.of("redis")[0].workload.image)
    client = connect(project.engines[0])
    mark = {"basalt.stack": project.stack}
    made = client.containers.run(image, ["infinity"], entrypoint="sleep", labels=mark, detach=True, network_mode="none")
    try:
        yield made
    finally:
        made.remove(force=True)


@pytest.mark.usefixtures("passing")
def test_a_container_run_by_hand_is_told_and_nothing_else(project: Project) -> None:
    with intruder(project) as planted:
        tells(project, {("stack", "strangers"): f"fail: {planted.name}: not planned on local"})
    until(lambda: passes(project), "a checklist that passes again", 60, every=1)


def policy(name: str) -> Any:
    """A restart policy as the engine takes it."""
    return {"Name": name}


@pytest.mark.usefixtures("passing")
def test_a_container_that_lost_its_restart_policy_is_told_and_nothing_else(project: Project) -> None:
    container = project.containers()["redis-2"]
    container.update(restart_policy=policy("no"))
    try:
        tells(project, {("stack", "restart"): "fail: redis-2: restart policy no, planned always"})
    finally:
        container.update(restart_policy=policy("always"))
    until(lambda: passes(project), "a checklist that passes again", 60, every=1)


@pytest.mark.usefixtures("passing")
def test_a_container_that_was_stopped_is_told_and_nothing_else(project: Project) -> None:
    # Nobody scrapes it, and on a replica nothing is asked of it.
    site, containers = project.plan.site, project.containers()
    name = next(i.name for i in site.of("backup-agent") if not is_primary(containers[f"postgres-{i.ordinal}"]))
    containers[name].stop()
    try:
        tells(project, {("backup", "running"): f"fail: {name}: exited"})
    finally:
        containers[name].start()
    until(lambda: passes(project), "a checklist that passes again", 60, every=1)


@pytest.mark.usefixtures("passing")
def test_what_prometheus_cannot_tell_is_unknown(project: Project) -> None:
    container = project.containers()["prometheus-1"]
    freeze(container)
    try:
        rows = tells(project, {("monitoring", "running"): "fail: prometheus-1: paused"}, ("fail",))
    finally:
        container.unpause()
    assert rows["postgres", "lag"]["verdict"] == "unknown"
    until(lambda: passes(project), "a checklist that passes again", 120, every=1)
