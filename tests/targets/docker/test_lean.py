"""What an `up` in which nothing changes has to load."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent

_LOADED = "import sys; import {}; print(*sys.modules)"

#: What acts, or plans: slower to load than all comparisons.
HEAVY = {"docker", "paramiko", "cryptography", "pydantic", "jinja2", "basalt.plan"}


def _loaded(code: str) -> set[str]:
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    return set(told.stdout.split())


@pytest.mark.parametrize("module", ["authority", "docker.files", "docker.gates", "docker.preflight"])
def test_the_process_that_compares_loads_nothing_that_acts(module: str) -> None:
    loaded = _loaded(_LOADED.format(f"basalt.targets.{module}"))
    assert f"basalt.targets.{module}" in loaded
    assert not HEAVY & loaded


#: What is loaded while the process that compares starts, and not before.
LATER = {"pulumi_docker", "grafana_foundation_sdk", "jinja2"}


def test_a_stack_file_is_checked_without_what_draws_renders_and_declares() -> None:
    code = "import basalt.targets.docker.stack, pathlib, sys; from basalt.topology.load import load_stack; {}"
    loaded = _loaded(code.format("load_stack(pathlib.Path(), 'test'); print(*sys.modules)"))
    assert "basalt.services.grafana.plan" in loaded
    assert not LATER & loaded


def test_the_program_loads_no_client_of_an_engine() -> None:
    loaded = _loaded(_LOADED.format("basalt.targets.docker.graph"))
    assert "pulumi_docker" in loaded
    assert not {"docker", "paramiko"} & loaded
