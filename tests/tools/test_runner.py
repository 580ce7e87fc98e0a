import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tools.setup import paths, runner
from tools.setup.step import Log, SetupError, Step


class Fake(Step):
    """A step that is there after it was made."""

    remedy = "turn it on"
    estimate = "1 min"

    def __init__(self, name: str, *, there: bool = False, needs: tuple[str, ...] = ()) -> None:
        self.name = name  # type: ignore[misc]  # a class of its own per name says nothing more
        self.needs = needs  # type: ignore[misc]
        self.there = there
        self.act: Callable[[Log], object] = lambda log: None
        self.made = 0

    def check(self) -> str | None:
        return "1.0" if self.there else None

    def make(self, log: Log) -> str:
        self.made += 1
        self.act(log)
        self.there = True
        return "built"


def fails(log: Log) -> None:
    log.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])


def run(tmp_path: Path, *steps: Step) -> tuple[list[runner.Result], str]:
    said: list[str] = []
    return runner.Run(steps, tmp_path / "log", said.append)(), "\n".join(said)


def test_what_is_present_is_not_made(tmp_path: Path) -> None:
    step = Fake("engine", there=True)
    results, said = run(tmp_path, step)
    assert results[0].ok
    assert step.made == 0
    assert re.search(r"\[ 1/1\] engine         present, \d+\.\d s", said)


def test_what_is_missing_is_made_and_said(tmp_path: Path) -> None:
    results, said = run(tmp_path, Fake("engine"))
    assert results[0].ok
    assert "in work, about 1 min the first time" in said
    assert re.search(r"built, \d+\.\d s", said)


def test_a_failure_shows_the_end_of_its_log_and_the_remedy(tmp_path: Path) -> None:
    step = Fake("engine")
    step.act = fails
    results, said = run(tmp_path, step)
    assert not results[0].ok
    assert "ended with status 3" in said
    assert "the reason" in said
    assert str(tmp_path / "log" / "engine.log") in said
    assert "remedy: turn it on" in said


def test_what_needs_a_failed_step_is_not_tried_and_others_are(tmp_path: Path) -> None:
    first, second, third = Fake("engine"), Fake("host", needs=("engine",)), Fake("image")
    first.act = fails
    results, said = run(tmp_path, first, second, third)
    assert [result.ok for result in results] == [False, False, True]
    assert second.made == 0
    assert "not tried: engine failed" in said


def test_a_step_waits_for_what_it_needs(tmp_path: Path) -> None:
    order: list[str] = []
    first, second = Fake("engine"), Fake("host", needs=("engine",))
    first.act = lambda log: order.append("engine")
    second.act = lambda log: order.append("host")
    run(tmp_path, second, first)
    assert order == ["engine", "host"]


def test_independent_steps_run_beside_each_other(tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=10)
    steps = [Fake("engine"), Fake("image")]
    for step in steps:
        step.act = lambda log: meeting.wait()
    results, _ = run(tmp_path, *steps)
    assert all(result.ok for result in results)


def test_a_step_that_is_still_missing_after_it_was_made_failed(tmp_path: Path) -> None:
    step = Fake("engine")
    step.check = lambda: None  # type: ignore[method-assign]
    results, _ = run(tmp_path, step)
    assert results[0].found == "made, but still not found"


def test_a_check_that_fails_is_told_with_the_remedy() -> None:
    def broken() -> str | None:
        raise SetupError("requirements.txt does not pin pulumi")

    step = Fake("engine")
    step.check = broken  # type: ignore[method-assign]
    result = runner.check([step])[0]
    assert (result.ok, result.found, result.remedy) == (False, "requirements.txt does not pin pulumi", "turn it on")


def test_a_second_run_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    lock, said = tmp_path / "lock", list[str]()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=paths.REPOSITORY,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    def say(text: str) -> None:
        said.append(text)
        holder.communicate("\n")  # it may go on now

    with runner.locked(lock, say):
        assert lock.read_text() != str(holder.pid)
    assert said == [f"another set-up runs (process {holder.pid}), waiting for it"]


_HOLD = """
import sys, pathlib
from tools.setup import runner
with runner.locked(pathlib.Path(sys.argv[1]), print):
    print("held", flush=True)
    sys.stdin.readline()
"""
