"""Password hashes: scrypt$N$r$p$salt$hash, so that the cost can be raised without a migration."""

import base64
import hashlib
import hmac
import secrets

COST = (2**14, 8, 1)  # 16 MiB and about 40 ms a log-in


def hash_password(password: str, *, salt: bytes | None = None) -> str:
    salt = salt or secrets.token_bytes(16)
    digest = _scrypt(password, salt, *COST)
    encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
    return "$".join(["scrypt", *map(str, COST), *encoded])


def verify_password(password: str, stored: str) -> bool:
    scheme, cost, block, lanes, salt, digest = stored.split("$")
    if scheme != "scrypt":
        raise ValueError(f"unknown password scheme {scheme!r}")
    found = _scrypt(password, base64.b64decode(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=2 * 128 * cost * block)


# Checked for unknown users, so that the time of an answer does not tell who exists.
NOBODY = hash_password("", salt=bytes(16))
