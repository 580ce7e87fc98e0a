"""Every configuration file of dev and prod-iad, byte by byte: a reviewer sees the effect beside the cause.

After a wanted change: python -m tests.golden.test_golden, and commit what it writes."""

import shutil
from pathlib import Path

import pytest

from basalt.plan import plan
from basalt.topology.load import load_stack

ROOT = Path(__file__).parent.parent.parent
STACKS = ("dev", "prod-iad")


def rendered(stack: str) -> dict[str, str]:
    """`workload/path` -> text with marks for secrets, of each workload's first instance."""
    return {
        f"{planned.instance.workload.name}/{file.path}": file.text
        for planned in plan(load_stack(ROOT, stack)).planned
        if planned.instance.ordinal == 1
        for file in planned.files
    }


def committed(stack: str) -> dict[str, str]:
    """What stands in this folder."""
    folder = Path(__file__).parent / stack
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("stack", STACKS)
def test_rendered_files_are_those_committed(stack: str) -> None:
    assert rendered(stack) == committed(stack)


def write(stack: str) -> None:
    """Replaces what is committed by what is rendered now."""
    folder = Path(__file__).parent / stack
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in rendered(stack).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    for name in STACKS:
        write(name)
