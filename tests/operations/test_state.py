"""What the stack file and its passphrase tell."""

from pathlib import Path

import pytest

from basalt.operations.measure import state

TEXT = """
config:
  basalt:topology: {}
  basalt:seed: {SEED}
  basalt:engines: {certificate: PEM, key: {ENGINES}}
  basalt:secrets: {mail: {MAIL}, chat: {secure: v1:abc}}
"""


@pytest.mark.parametrize(
    ("opened", "clear"),
    [
        ({}, ()),
        ({"SEED": "0011"}, ("basalt:seed",)),
        ({"MAIL": "letmein"}, ("mail",)),
        ({"ENGINES": "PEM"}, ("basalt:engines.key",)),
    ],
)
def test_secrets_in_clear_are_told_by_their_names(
    opened: dict[str, str], clear: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stacks").mkdir()
    text = TEXT
    for name in ("SEED", "MAIL", "ENGINES"):
        text = text.replace(f"{{{name}}}", opened.get(name, "{secure: v1:abc}"))
    (tmp_path / "stacks" / "Pulumi.lab.yaml").write_text(text)
    monkeypatch.setattr(state, "ROOT", tmp_path)
    assert state.clear("lab") == clear


def test_a_stack_that_was_never_up_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.lab.yaml").write_text("config: {'basalt:topology': {}}")
    monkeypatch.setattr(state, "ROOT", tmp_path)
    assert state.clear("lab") == ()
