"""What an `up` in which nothing changes has to load."""

import subprocess
import sys

import pytest

_LOADED = "import sys; import {}; print(*sys.modules)"

#: What acts, or plans: slower to load than all comparisons.
HEAVY = {"docker", "paramiko", "cryptography", "pydantic", "jinja2", "basalt.plan"}


@pytest.mark.parametrize("module", ["authority", "docker.files", "docker.gates", "docker.preflight"])
def test_the_process_that_compares_loads_nothing_that_acts(module: str) -> None:
    code = _LOADED.format(f"basalt.targets.{module}")
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert f"basalt.targets.{module}" in loaded
    assert not HEAVY & set(loaded)


def test_the_program_loads_no_client_of_an_engine() -> None:
    code = _LOADED.format("basalt.targets.docker.stack")
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "pulumi_docker" in loaded
    assert not {"docker", "paramiko"} & set(loaded)
