"""Runs steps: what is there is skipped, what is missing is made, independent steps beside each other."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.setup.step import Log, SetupError, Step

# Go builds use every core; beside them only what waits for the network or the disk is worth running.
WORKERS = 2

# How a step says that the machine gets along without it.
NOT_NEEDED = "not needed"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    name: str
    ok: bool
    found: str
    """What is there now, how it was made, or why it could not be."""
    seconds: float
    remedy: str = ""


def slug(name: str) -> str:
    return name.replace(" ", "-")


def check(steps: Sequence[Step]) -> list[Result]:
    return [_checked(step) for step in steps]


def _checked(step: Step) -> Result:
    began = time.monotonic()
    try:
        found = step.check()
    except (SetupError, OSError) as error:
        return Result(step.name, ok=False, found=str(error), seconds=time.monotonic() - began, remedy=step.remedy)
    seconds = time.monotonic() - began
    if found is None:
        return Result(step.name, ok=False, found="missing", seconds=seconds, remedy=step.remedy)
    return Result(step.name, ok=True, found=found, seconds=seconds)


class Run:
    """One run over some steps; a step that is chosen waits for the chosen ones that it needs."""

    def __init__(self, steps: Sequence[Step], logs: Path, say: Say) -> None:
        self._steps = steps
        self._logs = logs
        self._say = say
        self._mutex = threading.Lock()
        self._results: dict[str, Result] = {}

    def __call__(self) -> list[Result]:
        waiting = list(self._steps)
        running: dict[Future[Result], Step] = {}
        with ThreadPoolExecutor(WORKERS) as pool:
            while waiting or running:
                for step in self._ready(waiting)[: WORKERS - len(running)]:
                    waiting.remove(step)
                    running[pool.submit(self._perform, step)] = step
                ended = wait(running, return_when=FIRST_COMPLETED).done
                for future in ended:
                    self._results[running.pop(future).name] = future.result()
        return [self._results[step.name] for step in self._steps]

    def _ready(self, waiting: Sequence[Step]) -> list[Step]:
        unfinished = {step.name for step in self._steps} - self._results.keys()
        return [step for step in waiting if not unfinished.intersection(step.needs)]

    def _perform(self, step: Step) -> Result:
        began = time.monotonic()
        failed = [name for name in step.needs if name in self._results and not self._results[name].ok]
        if failed:
            return self._failed(step, began, f"not tried: {failed[0]} failed")
        try:
            present = step.check() is not None
        except (SetupError, OSError) as error:
            return self._failed(step, began, str(error))
        return self._made(step, began, "present") if present else self._make(step, began)

    def _make(self, step: Step, began: float) -> Result:
        log = Log(self._logs / f"{slug(step.name)}.log")
        if step.estimate:
            self._print(step, f"in work, about {step.estimate} the first time; log {log.path}")
        try:
            how = step.make(log)
            lacks = step.check() is None and not how.startswith(NOT_NEEDED)
        except (SetupError, OSError) as error:
            log.say(f"failed: {error}")
            return self._failed(step, began, str(error), log)
        return self._failed(step, began, "made, but still not found", log) if lacks else self._made(step, began, how)

    def _made(self, step: Step, began: float, how: str) -> Result:
        seconds = time.monotonic() - began
        self._print(step, f"{how}, {seconds:.1f} s")
        return Result(step.name, ok=True, found=how, seconds=seconds)

    def _failed(self, step: Step, began: float, why: str, log: Log | None = None) -> Result:
        seconds = time.monotonic() - began
        lines = [f"FAILED: {why}, {seconds:.1f} s"]
        if log:
            lines += [f"last lines of {log.path}:", *log.tail().splitlines()]
        lines.append(f"remedy: {step.remedy}")
        self._print(step, "\n        ".join(lines))
        return Result(step.name, ok=False, found=why, seconds=seconds, remedy=step.remedy)

    def _print(self, step: Step, text: str) -> None:
        number = list(self._steps).index(step) + 1
        with self._mutex:
            self._say(f"[{number:2}/{len(self._steps)}] {step.name:<14} {text}")


@contextmanager
def locked(path: Path, say: Say) -> Iterator[None]:
    """One set-up at a time: the clones of a user share the cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(f"another set-up runs (process {file.read().strip() or 'unknown'}), waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
