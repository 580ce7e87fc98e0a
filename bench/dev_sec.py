"""The two roles of dev-sec/ansible-collection-hardening that do most of what `site` does, run over a host."""

import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_ROLES = [f"devsec.hardening.{name}" for name in ("os_hardening", "ssh_hardening")]


def run(
    inventory: str, folder: Path, collections: Path, variables: dict[str, Any], own: Mapping[str, str]
) -> dict[str, Any]:
    """One run; tasks that ran and that changed something, and seconds. `inventory`: `address,`; `folder`: where the
    play is written; `collections`/ansible_collections holds theirs as devsec/hardening, and ansible.posix,
    community.general and community.crypto, which it needs; `own`: the environment's own variables. SystemExit with its
    output when it fails."""
    # As they are, but for that the operator's way in stays open.
    kept = {"ssh_permit_root_login": "prohibit-password", "ansible_user": "root"}
    play = [{"hosts": "all", "roles": _ROLES, "vars": {**variables, **kept}}]
    (folder / "play.yml").write_text(yaml.safe_dump(play))
    environment = {**os.environ, **own, "ANSIBLE_COLLECTIONS_PATH": str(collections.resolve())}
    started = time.monotonic()
    command = ["ansible-playbook", "--inventory", inventory, str(folder / "play.yml")]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    recap = re.search(r"ok=(\d+) +changed=(\d+) +unreachable=0 +failed=0", done.stdout)
    if not recap:
        raise SystemExit(done.stdout[-4000:] + done.stderr[-2000:])
    return {"changed": int(recap[2]), "tasks": int(recap[1]), "seconds": round(time.monotonic() - started, 1)}
