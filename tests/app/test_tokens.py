"""Tokens and passwords."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from shop.passwords import NOBODY, hash_password, verify_password
from shop.settings import SettingsError
from shop.settings import Tokens as TokenSettings
from shop.tokens import Caller, InvalidTokenError, Tokens

OLD, NEW = "o" * 32, "n" * 32
PARTNER = Caller("partner", "partner")


def tokens(folder: Path, *keys: str) -> Tokens:
    """Tokens whose key file holds these keys."""
    file = folder / "key"
    file.write_text("\n".join(keys) + "\n")
    return Tokens(TokenSettings(key_file=file, minutes=15))


def test_a_token_says_who_and_which_tier(tmp_path: Path) -> None:
    ours = tokens(tmp_path, NEW)
    assert ours.verify(ours.issue(PARTNER)) == PARTNER


def test_a_token_expires(tmp_path: Path) -> None:
    ours = tokens(tmp_path, NEW)
    almost, over = (ours.issue(PARTNER, datetime.now(UTC) - timedelta(minutes=m)) for m in (14, 16))
    assert ours.verify(almost) == PARTNER
    with pytest.raises(InvalidTokenError):
        ours.verify(over)


def test_a_key_is_rotated_in_two_steps(tmp_path: Path) -> None:
    issued = tokens(tmp_path, OLD).issue(PARTNER)
    both = tokens(tmp_path, NEW, OLD)
    assert both.verify(issued) == PARTNER
    new_only = tokens(tmp_path, NEW)
    assert new_only.verify(both.issue(PARTNER)) == PARTNER
    with pytest.raises(InvalidTokenError):
        new_only.verify(issued)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "nonsense",
        jwt.encode({"sub": "a", "tier": "admin", "exp": 2**32}, "x" * 32, "HS256"),
        jwt.encode({"sub": "a", "tier": "admin", "exp": 2**32}, "", "none"),
        jwt.encode({"sub": "a", "tier": "admin", "exp": 2**32}, NEW * 2, "HS512"),
        jwt.encode({"sub": "a", "tier": "admin"}, NEW, "HS256"),
        jwt.encode({"sub": "a", "exp": 2**32}, NEW, "HS256"),
    ],
)
def test_a_forged_or_incomplete_token_is_refused(tmp_path: Path, forged: str) -> None:
    with pytest.raises(InvalidTokenError):
        tokens(tmp_path, NEW).verify(forged)


def test_a_short_key_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="shorter than 32 bytes"):
        tokens(tmp_path, NEW, "short")


def test_a_password_is_verified_against_its_salted_hash() -> None:
    stored = hash_password("correct horse")
    assert stored != hash_password("correct horse")
    assert verify_password("correct horse", stored)
    assert not verify_password("wrong horse", stored)
    assert not verify_password("anything", NOBODY)
