"""What failed first, in a few lines, where `.ci/run` finds it: the whole output is long, and what fails after a live
test often fails because of it."""

import fcntl
import os
from collections.abc import Generator
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A busy machine is no failure.
hypothesis.settings.register_profile("basalt", deadline=None)
hypothesis.settings.load_profile("basalt")

_FOLDER = Path(__file__).parent.parent / ".basalt" / "reports"
FAILURES = _FOLDER / "failures.txt"

#: Lines of a message that are kept at its beginning and at its end: an assertion's explanation comes first, the reason
#: of a command that failed last.
_LINES = 12
_WIDTH = 200
_FAILURES = 5

#: Whether this is one of several processes that share the work: the one that shares it out hears of everything.
_WORKER = "PYTEST_XDIST_WORKER" in os.environ


#: Live tests that have hosts or a stack of their own; and those that have containers, for whoever comes first.
_OTHERS = ("tests/ansible/", "tests/live/test_hosts.py", "tests/live/test_rebuild.py")
_DRILLS = "tests/drills/"


#: When the last test of each line ended, to see whether one process waits for the other.
_ENDED: dict[str, datetime] = {}


def line(nodeid: str) -> str:
    """What a live test runs with, one after the other."""
    if nodeid.startswith(_DRILLS):
        return "drills"
    return "others" if nodeid.startswith(_OTHERS) else "stack"


class Lines(LoadScopeScheduling):  # type: ignore[misc]  # not typed
    """Two processes share the live tests: one has the stack that most of them use, the other all else. The drills, of
    which there are the fewest, are left to who is ready first."""

    def _split_scope(self, nodeid: str) -> str:
        return line(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lines | None:
    """For `--dist loadscope`. Groups of xdist 3.8 itself are lost in pytest 9, which does not let it name them."""
    return Lines(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """While a test that is marked `alone` runs, the other process begins none."""
    if not _WORKER or not item.get_closest_marker("live"):
        return (yield)
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with (_FOLDER / "turn.lock").open("w") as turn, (_FOLDER / "machine.lock").open("w") as machine:
        # Who waits for the machine keeps the turn: else the other would take it again and again.
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(machine, fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        return (yield)


def pytest_sessionstart() -> None:
    """Those of the last run are over."""
    if not _WORKER:
        FAILURES.unlink(missing_ok=True)


def _short(told: list[str]) -> list[str]:
    lines = told if len(told) <= 2 * _LINES else [*told[:_LINES], "...", *told[-_LINES:]]
    return [line[:_WIDTH] for line in lines]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Written as it happens: a run may be killed. The first comes last: of a long output, the end is looked at."""
    if _WORKER:
        return
    _ENDED[line(report.nodeid)] = datetime.now(UTC)
    kept = FAILURES.read_text() if FAILURES.exists() else ""
    if report.failed and kept.count("\ntests/") < _FAILURES:
        told = [line.removeprefix("E").strip() for line in report.longreprtext.splitlines() if line.startswith("E  ")]
        message = "\n    ".join(["", *(_short(told) or ["no message"])]) + "\n"
        if message in kept:
            message = " says the same as an earlier one\n"
        FAILURES.parent.mkdir(parents=True, exist_ok=True)
        FAILURES.write_text(f"\n{report.nodeid} ({report.when}){message}{kept}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """How well the work was shared."""
    if config.getoption("dist", "no") == "loadscope":
        told = ", ".join(f"{name} at {at:%H:%M:%S}" for name, at in sorted(_ENDED.items(), key=itemgetter(1)))
        terminalreporter.write_line(f"the lines ended: {told}")
