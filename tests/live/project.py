"""A copy of this repository with state, secrets and containers of its own: what the tests change, nobody else sees."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docker.errors import APIError
from docker.models.containers import Container

from basalt.plan import Plan, plan
from basalt.targets.docker.engine import connect
from basalt.topology.load import load_stack
from basalt.topology.model import Topology
from tests.waiting import until
from tools.setup.environment import variables

ROOT = Path(__file__).parent.parent.parent
_HERE = {"url": "unix:///var/run/docker.sock", "certificates": ""}
_FOUND: dict[object, str] = {}


@dataclass(frozen=True)
class Project:
    """The copy at `folder`, and the one stack in it that is brought up."""

    folder: Path
    stack: str
    #: Where its containers are looked for, as `engine.connect` takes it; told apart from the stack file, which may be a
    #: wrong one in a test.
    engines: tuple[dict[str, str], ...] = (_HERE,)

    @property
    def environment(self) -> dict[str, str]:
        """That of a newcomer who has just run `eval "$(make -s env)"` in the copy; Python keeps what it compiles."""
        left = {key for key in os.environ if key.startswith("PULUMI_") or key == "PYTHONDONTWRITEBYTECODE"}
        own = {key: value for key, value in os.environ.items() if key not in left}
        home = self.folder / ".basalt"
        set_up = {key: value.replace(str(ROOT / ".basalt"), str(home)) for key, value in variables(own).items()}
        return {**own, **set_up, "PYTHONPATH": str(self.folder)}

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """A command in the copy, in the background."""
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """A command in the copy; `stdout` has both its streams. AssertionError with them on failure."""
        process = self.start(*command)
        output, _ = process.communicate()
        if check and process.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
        return subprocess.CompletedProcess(command, process.returncode, output)

    def basalt(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """`basalt ARGUMENTS --stack <stack>`"""
        return self.run(sys.executable, "-m", "basalt", *arguments, "--stack", self.stack, check=check)

    def told(self, *arguments: str) -> Any:
        """What `basalt ARGUMENTS --json` tells, apart from what it says meanwhile. AssertionError with both when it
        fails."""
        command = (sys.executable, "-m", "basalt", *arguments, "--json", "--stack", self.stack)
        done = subprocess.run(
            command, check=False, cwd=self.folder, env=self.environment, text=True, capture_output=True
        )
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}{done.stdout}"
        return json.loads(done.stdout)

    def pulumi(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """`pulumi ARGUMENTS --stack <stack> --non-interactive`"""
        return self.run("pulumi", *arguments, "--stack", self.stack, "--non-interactive", check=check)

    def up(self) -> "subprocess.CompletedProcess[str]":
        """`basalt up`"""
        return self.basalt("up", "--yes")

    def remove(self) -> None:
        """The stack and its data. Whoever still runs is killed: nobody needs an end in order."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(_kill, self.containers().values()))
        self.basalt("down", "--orphans", "--data", "delete", "--yes")

    @property
    def stack_file(self) -> Path:
        """The stack file in the copy."""
        return self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"

    def edit(self, change: Callable[[dict[str, Any]], None]) -> str:
        """Changes the declared topology; returns the file as it was before."""
        before = self.stack_file.read_text()
        document = yaml.safe_load(before)
        change(document["config"]["basalt:topology"])
        self.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))
        return before

    @property
    def topology(self) -> Topology:
        """What the stack file declares now."""
        return load_stack(self.folder, self.stack)

    @property
    def plan(self) -> Plan:
        """What it means."""
        return plan(self.topology)

    def secret(self, name: str) -> str:
        """A secret's value."""
        return self._found("secret", name).strip()

    @property
    def authority(self) -> str:
        """The certificate of who proves all others, in PEM."""
        return self._found("authority")

    def _found(self, *command: str) -> str:
        """What a command tells out of the stack file and the state, for as long as they stay: it takes seconds."""
        state = self.folder / ".basalt" / "state" / ".pulumi" / "stacks" / "basalt" / f"{self.stack}.json"
        key = (command, self.stack_file, self.stack_file.read_bytes(), state.stat().st_mtime_ns)
        if key not in _FOUND:
            _FOUND[key] = self.basalt(*command).stdout
        return _FOUND[key]

    def containers(self) -> dict[str, Container]:
        """Every container of the stack by its instance's name."""
        mark: dict[str, Any] = {"label": f"basalt.stack={self.stack}"}
        found = [c for engine in self.engines for c in connect(engine).containers.list(all=True, filters=mark)]
        return {str(container.name).removeprefix(f"{self.stack}-"): container for container in found}


def _kill(container: Container) -> None:
    with suppress(APIError):  # it has ended by itself
        container.kill()


def copy(folder: Path, stack: str) -> Project:
    """A copy of the working tree as git sees it, with fresh state and passphrase unless it has them already."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        target = folder / name
        if name.startswith("stacks/") and target.exists():
            continue  # holds the seed that the stack was brought up with
        if (ROOT / name).is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    home = folder / ".basalt"
    (home / "state").mkdir(parents=True, exist_ok=True)
    passphrase = home / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(32))
    (home / "pulumi").mkdir(exist_ok=True)
    (home / "pulumi" / "logs").touch()
    for tools in ("bin", "pulumi/plugins"):
        if not (home / tools).exists():
            (home / tools).symlink_to(ROOT / ".basalt" / tools)
    return Project(folder, stack)


def forget(folder: Path) -> None:
    """Removes a copy."""
    if folder.exists():
        shutil.rmtree(folder)


def execute(container: Container, *command: str) -> str:
    """What a command inside a container prints. AssertionError with it when the command fails."""
    code, output = container.exec_run(list(command))
    text = (output if isinstance(output, bytes) else b"".join(output)).decode()
    assert code == 0, f"{' '.join(command)} in {container.name} ended with {code}: {text}"
    return text


def freeze(container: Container) -> None:
    """It answers nothing any more. The kernel refuses while a health check begins, so it is asked again."""

    def frozen() -> bool:
        with suppress(APIError):
            container.pause()
        container.reload()
        return bool(container.status == "paused")

    until(frozen, f"{container.name} paused", 30)
