"""The unit of set-up: what is looked for, how it is made, what to do when that fails."""

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar


class SetupError(Exception):
    """A failure that the user can act on; the message says what failed, the step's remedy what to do."""


class Log:
    """The output of one step, kept in a file: a build prints thousands of lines that nobody reads when it works."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        self.path = path

    def say(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text.rstrip("\n") + "\n")

    def run(self, argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        """Run a command; `env` is added to the environment."""
        self.say("$ " + " ".join(map(str, argv)))
        with self.path.open("a") as file:
            done = subprocess.run(
                list(map(str, argv)),
                env={**os.environ, **(env or {})},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise SetupError(f"`{Path(argv[0]).name} {argv[1]}` ended with status {done.returncode}")

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.path.read_text(errors="replace").splitlines()[-lines:])


class Step(ABC):
    """One part of the machine."""

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Names of the steps that must have ended before this one is made."""
    estimate: ClassVar[str] = ""
    """What making takes the first time, where a reader has to wait."""
    remedy: ClassVar[str]

    @abstractmethod
    def check(self) -> str | None:
        """What is there (version and place), or None; changes nothing."""

    @abstractmethod
    def make(self, log: Log) -> str:
        """Make it; returns how, for the progress line."""
