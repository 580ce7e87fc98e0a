"""A word for what a run is to make of a host: it changes with the roles, their arguments and the stack file."""

import hashlib
import json
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: inputs
short_description: Digest of the roles, of the stack file, and of the roles' arguments for a host
description:
  - Of every file of this folder; of the inventories, which have the authority of the engines too; of every variable
    that begins with a role's name, with what it is made of; and whether this clone has what opens the engines.
  - What a role has registered begins with its name, too, so this is asked for before the roles run.
author: basalt
options: {}
"""

_ANSIBLE = Path(__file__).parent.parent.parent
#: They run before all others, and make nothing of the host.
_LOOKING = ("preflight", "standing")


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible is not typed
    """See docs.ansible.com, "Developing lookup plugins"."""

    def run(self, _terms: list[Any], variables: dict[str, Any] | None = None, **_: Any) -> list[str]:
        """One digest; no terms."""
        told = variables or {}
        prefixes = tuple(f"{folder.name}_" for folder in (_ANSIBLE / "roles").iterdir() if folder.name not in _LOOKING)
        arguments = {name: self._value(told[name]) for name in told if name.startswith(prefixes)}
        authority = arguments.get("docker_engine_authority")
        opens = sorted(path.name for path in Path(authority).parent.glob("*.pem")) if authority else []
        return [digest([arguments, opens], [_ANSIBLE, *map(Path, told.get("ansible_inventory_sources", []))])]

    def _value(self, told: Any) -> Any:
        """A variable that nobody uses may name one that is not there."""
        try:
            return self._templar.template(told)
        except AnsibleError:
            return told


def digest(arguments: Any, places: list[Path]) -> str:
    """Of the arguments, wherever this clone is, and of files, or all that are below a folder."""
    told = json.dumps(arguments, sort_keys=True, default=str).replace(str(_ANSIBLE.parent), "")
    total = hashlib.sha256(told.encode())
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path.relative_to(place)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:24]
