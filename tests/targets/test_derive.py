"""Secrets come from one seed: stable, independent, strong."""

import pytest

from basalt.targets.derive import derive, value

SEED = "0f" * 32


def test_the_same_name_gives_the_same_secret() -> None:
    assert derive(SEED, "redis/password") == derive(SEED, "redis/password")


def test_another_name_or_seed_gives_another_secret() -> None:
    found = {derive(seed, name) for seed in (SEED, "f0" * 32) for name in ("a", "b", "ab", "a/b")}
    assert len(found) == 8


def test_a_secret_is_32_letters_and_digits() -> None:
    secret = derive(SEED, "x")
    assert len(secret) == 32
    assert secret.isalnum()


def test_every_letter_is_used_about_equally() -> None:
    letters = "".join(derive(SEED, str(number)) for number in range(500))
    counts = {letter: letters.count(letter) for letter in set(letters)}
    assert len(counts) == 62
    assert max(counts.values()) < 2 * min(counts.values())


def test_an_operators_secret_is_taken_as_given() -> None:
    assert value(SEED, {"stripe": "sk_1"}, "given/stripe") == "sk_1"


def test_a_missing_operators_secret_is_an_error() -> None:
    with pytest.raises(KeyError):
        value(SEED, {}, "given/stripe")
