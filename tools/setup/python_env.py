"""The virtual environment of this clone.

One for everything, linters and tests too: users run the checks as well, and two environments would be two sets of
versions of the same packages.
"""

import importlib.util
import json
import sys
import tomllib
from pathlib import Path

from tools.setup import apt, paths, pins
from tools.setup.step import Log, Step

# Inside the environment and written last: what an interrupted run leaves has none.
_MARKER = paths.VENV / "basalt-key"
_INPUTS = (
    "requirements.txt",
    "requirements-dev.txt",
    "app/requirements.txt",
    "tools/constraints.txt",
)
_PROJECT = paths.REPOSITORY / "pyproject.toml"
_PACKAGE = paths.REPOSITORY / "basalt"


class PythonEnv(Step):
    name = "python env"
    estimate = "40 s"
    remedy = "let this machine reach PyPI (pip reads PIP_INDEX_URL), then run this again"

    def check(self) -> str | None:
        python = paths.VENV / "bin" / "python"
        current = _MARKER.is_file() and _MARKER.read_text() == _key()
        return f"Python {_version()} in {paths.VENV}" if current and python.exists() else None

    def make(self, log: Log) -> str:
        ensure_venv_module(log)
        made_by = _MARKER.read_text().split() if _MARKER.is_file() else []
        _MARKER.unlink(missing_ok=True)
        # Packages are updated in place: a program that runs from the environment keeps its files.
        clear = ["--clear"] if made_by[:1] != [_version()] else []
        log.run([sys.executable, "-m", "venv", *clear, paths.VENV])
        pip: list[str | Path] = [
            paths.VENV / "bin" / "python",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        log.run([*pip, "--requirement", paths.REPOSITORY / "requirements-dev.txt"])
        if _PACKAGE.is_dir():
            log.run([*pip, "--no-deps", "--no-build-isolation", "--editable", paths.REPOSITORY])
        _MARKER.write_text(_key())
        return "installed from requirements-dev.txt"


def ensure_venv_module(log: Log) -> None:
    """Debian ships `venv` without the wheel of pip that it installs."""
    if not importlib.util.find_spec("ensurepip"):
        apt.install(log, [f"python{sys.version_info.major}.{sys.version_info.minor}-venv"])


def _version() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _inputs() -> list[Path]:
    return [paths.REPOSITORY / name for name in _INPUTS]


def _key() -> str:
    # Of pyproject.toml only what is installed: a setting of a linter is no reason to install anything.
    settings = tomllib.loads(_PROJECT.read_text())
    installed = json.dumps([settings.get("project"), settings.get("tool", {}).get("setuptools"), _PACKAGE.is_dir()])
    return f"{_version()} {pins.key(_inputs(), installed)}\n"
