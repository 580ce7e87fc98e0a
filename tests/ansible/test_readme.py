"""Each role's README is made from its argument spec and its defaults: `python -m tests.ansible.test_readme`."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parent.parent.parent / "ansible" / "roles"
NAMES = sorted(folder.name for folder in ROLES.iterdir())


def _read(role: str, file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROLES / role / file).read_text())
    return found


def readme(role: str) -> str:
    """What it is, and a table of its arguments."""
    spec = _read(role, "meta/argument_specs.yml")["argument_specs"]["main"]
    defaults = _read(role, "defaults/main.yml")
    rows = [_row(name, option, defaults) for name, option in spec["options"].items()]
    what = spec["short_description"]
    head = ["| argument | type | default | |", "| --- | --- | --- | --- |"]
    return "\n".join([f"# {role}", "", what if what.endswith("?") else f"{what}.", "", *head, *rows]) + "\n"


def _row(name: str, option: dict[str, Any], defaults: dict[str, Any]) -> str:
    kind = f"{option['type']} of {option['elements']}" if "elements" in option else option["type"]
    default = f"`{json.dumps(defaults[name])}`" if name in defaults else "needed"
    parts = "".join(f" `{part}`: {inner['description']}" for part, inner in option.get("options", {}).items())
    return f"| `{name}` | {kind} | {default} | {option['description']}{parts} |"


@pytest.mark.parametrize("role", NAMES)
def test_a_readme_says_what_the_argument_spec_says(role: str) -> None:
    assert (ROLES / role / "README.md").read_text() == readme(role)


@pytest.mark.parametrize("role", NAMES)
def test_every_argument_has_a_default_or_is_needed(role: str) -> None:
    options = _read(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = _read(role, "defaults/main.yml")
    assert {name for name, option in options.items() if not option.get("required")} == set(defaults)


if __name__ == "__main__":
    for each in NAMES:
        (ROLES / each / "README.md").write_text(readme(each))
