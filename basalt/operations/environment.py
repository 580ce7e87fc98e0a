"""The environment in which `pulumi` runs: what is set already wins, the rest lives in the clone's `.basalt` folder."""

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HOME = ROOT / ".basalt"


def defaults() -> dict[str, str]:
    """The documented environment for a plain `pulumi up`; see `make env`."""
    path = f"{ROOT / '.venv' / 'bin'}:{HOME / 'bin'}:{os.environ.get('PATH', '')}"
    return {
        "PATH": path,
        "PULUMI_BACKEND_URL": os.environ.get("PULUMI_BACKEND_URL", f"file://{HOME / 'state'}"),
        **_passphrase(),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # The plugins are on PATH; nothing is to be fetched behind the user's back.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # The dynamic providers' process finds the package here.
        "PYTHONPATH": f"{ROOT}:{os.environ['PYTHONPATH']}" if "PYTHONPATH" in os.environ else str(ROOT),
    }


def _passphrase() -> dict[str, str]:
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return {}
    return {"PULUMI_CONFIG_PASSPHRASE_FILE": os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE", str(HOME / "passphrase"))}


def environment() -> dict[str, str]:
    """All variables for a child process."""
    return {**os.environ, **defaults()}
