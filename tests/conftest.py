"""What failed first, in a few lines, where `.ci/run` finds it: the whole output is long, and what fails after a live
test often fails because of it."""

from pathlib import Path

import pytest

FAILURES = Path(__file__).parent.parent / ".basalt" / "reports" / "failures.txt"

#: Lines of a message that are kept: an assertion's explanation comes first.
_LINES = 12
_FAILURES = 5


def pytest_sessionstart() -> None:
    """Those of the last run are over."""
    FAILURES.unlink(missing_ok=True)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Written as it happens: a run may be killed."""
    kept = FAILURES.read_text() if FAILURES.exists() else ""
    if report.failed and kept.count("\ntests/") < _FAILURES:
        told = [line.removeprefix("E").strip() for line in report.longreprtext.splitlines() if line.startswith("E  ")]
        FAILURES.parent.mkdir(parents=True, exist_ok=True)
        with FAILURES.open("a") as file:
            file.write("\n    ".join([f"\n{report.nodeid} ({report.when})", *(told[:_LINES] or ["no message"])]) + "\n")
