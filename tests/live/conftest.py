"""One stack, `test`, brought up once for all live tests and removed afterwards.

BASALT_TEST_KEEP=1 leaves it for the next run, which then only brings it to what is declared."""

import os
import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.live.edge import Edge
from tests.live.project import ROOT, Project, copy, forget

FOLDER = ROOT / ".basalt" / "test"


def later(now: datetime) -> dict[str, str]:
    """The declared times of backups and drills, moved to where no run of the tests comes: they count what there is."""
    hour = (now.hour + 12) % 24
    kinds = ("full", "incremental", "drill", "drill_older")
    return {kind: f"{15 * number} {hour} * * *" for number, kind in enumerate(kinds)}


@pytest.fixture(scope="session")
def project() -> Iterator[Project]:
    """The copy, with its stack up."""
    keep = bool(os.environ.get("BASALT_TEST_KEEP"))
    if not keep:
        forget(FOLDER)
    made = copy(FOLDER, "test")
    if not keep:
        # A run that was killed may have left containers; its state is gone, so they are found by their label.
        made.basalt("down", "--orphans", "--data", "delete", "--yes")
    started = time.monotonic()
    try:
        if not keep:
            made.edit(lambda topology: topology["services"]["backup"].update(later(datetime.now(UTC))))
        made.up()
        print(f"\nstack test is up after {time.monotonic() - started:.0f} s")
        yield made
    finally:
        if not keep:
            made.remove()
            forget(FOLDER)


@pytest.fixture(scope="session")
def edge(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Edge:
    """The stack's edge as a client sees it."""
    authority = tmp_path_factory.mktemp("edge") / "ca.crt"
    authority.write_text(project.authority)
    return Edge.of(project, authority)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder is live; what breaks things comes last."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)
    items.sort(key=lambda item: ("live" in str(item.path), item.get_closest_marker("breaks") is not None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed live test shows what every unhealthy container printed last."""
    report = yield
    project = item.funcargs.get("project") if hasattr(item, "funcargs") else None
    if report.failed and isinstance(project, Project):
        for name, container in project.containers().items():
            state = container.attrs["State"]
            if state.get("Health", {}).get("Status", "healthy") != "healthy" or state["ExitCode"]:
                report.sections.append((f"log of {name}", container.logs(tail=40).decode(errors="replace")))
    return report
