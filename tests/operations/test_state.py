"""What the stack file and its passphrase tell."""

from pathlib import Path

import pytest

from basalt.operations.measure import state

TEXT = """
config:
  basalt:topology: {}
  basalt:seed: {SEED}
  basalt:secrets: {mail: {MAIL}, chat: {secure: v1:abc}}
"""


@pytest.mark.parametrize(
    ("seed", "mail", "clear"),
    [
        ("{secure: v1:abc}", "{secure: v1:abc}", ()),
        ("0011", "{secure: v1:abc}", ("basalt:seed",)),
        ("{secure: v1:abc}", "letmein", ("mail",)),
    ],
)
def test_secrets_in_clear_are_told_by_their_names(
    seed: str, mail: str, clear: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stacks").mkdir()
    text = TEXT.replace("{SEED}", seed).replace("{MAIL}", mail)
    (tmp_path / "stacks" / "Pulumi.lab.yaml").write_text(text)
    monkeypatch.setattr(state, "ROOT", tmp_path)
    assert state.clear("lab") == clear


def test_a_stack_that_was_never_up_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.lab.yaml").write_text("config: {'basalt:topology': {}}")
    monkeypatch.setattr(state, "ROOT", tmp_path)
    assert state.clear("lab") == ()
