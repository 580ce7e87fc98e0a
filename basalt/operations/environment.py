"""The environment in which `pulumi` runs: what is set already wins, the rest lives in the clone's `.basalt` folder."""

import os
from pathlib import Path

from tools.setup.environment import variables

ROOT = Path(__file__).parent.parent.parent
HOME = ROOT / ".basalt"


def environment() -> dict[str, str]:
    """All variables for a child process: those of `make env`, and where dynamic providers find this package."""
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, **variables(), "PYTHONPATH": f"{ROOT}:{path}" if path else str(ROOT)}


def backend() -> str:
    """URL of the state's backend."""
    return variables()["PULUMI_BACKEND_URL"]
