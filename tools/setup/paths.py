"""Where set-up keeps what it made."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = REPOSITORY / "tools"

# Per clone: state, passphrase, links to the binaries, which engine was started.
LOCAL = REPOSITORY / ".basalt"
LINKS = LOCAL / "bin"
# Pulumi's plugins of this clone: one that is built must not pass for the official one in other projects.
PULUMI_HOME = LOCAL / "pulumi"
PULUMI_LOGS = PULUMI_HOME / "logs"
STATE = LOCAL / "state"
PASSPHRASE = LOCAL / "passphrase"
ENGINE_RECORD = LOCAL / "engine.json"
VENV = REPOSITORY / ".venv"
ANSIBLE_CONFIG = REPOSITORY / "ansible" / "ansible.cfg"


def cache() -> Path:
    """Shared by all clones of a user: what is slow to make and does not depend on a clone."""
    if chosen := os.environ.get("BASALT_CACHE"):
        return Path(chosen).expanduser().absolute()
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "basalt"
