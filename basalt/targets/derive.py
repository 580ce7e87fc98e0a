"""Every generated secret comes from one seed, so one encrypted line of the stack's configuration holds them all."""

import string

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32

#: Names below it are not derived: the operator gives them in `basalt:secrets`.
GIVEN = "given/"


def derive(seed: str, name: str) -> str:
    """32 letters and digits (190 bits) for the secret's name, by HKDF-SHA256 (RFC 5869): independent for each name,
    the same at every run. `seed` is 64 hexadecimal digits."""
    raw = HKDF(algorithm=SHA256(), length=64, salt=None, info=f"basalt/1/{name}".encode()).derive(bytes.fromhex(seed))
    number = int.from_bytes(raw, "big")
    letters = []
    for _ in range(_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)


def value(seed: str, given: dict[str, str], name: str) -> str:
    """The value of a secret. KeyError when an operator's secret is not there."""
    return given[name.removeprefix(GIVEN)] if name.startswith(GIVEN) else derive(seed, name)
