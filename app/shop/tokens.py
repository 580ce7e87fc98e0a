"""Signed tokens: who the caller is and which tier of limits applies."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from shop.settings import SettingsError, read_secret
from shop.settings import Tokens as TokenSettings

ALGORITHM = "HS256"
MIN_KEY_BYTES = 32


@dataclass(frozen=True)
class Caller:
    user: str
    tier: str


ANONYMOUS = Caller("anonymous", "anonymous")


class InvalidTokenError(Exception):
    """Expired, forged or malformed; the caller gets 401 and no reason."""


class Tokens:
    """The key file holds one key a line: the first signs, all verify, so a key is rotated in two steps."""

    def __init__(self, settings: TokenSettings) -> None:
        self._keys = read_secret(settings.key_file).split()
        self._life = timedelta(minutes=settings.minutes)
        if any(len(key.encode()) < MIN_KEY_BYTES for key in self._keys):
            raise SettingsError(f"{settings.key_file}: a key is shorter than {MIN_KEY_BYTES} bytes")

    @property
    def seconds(self) -> int:
        return int(self._life.total_seconds())

    def issue(self, caller: Caller, now: datetime | None = None) -> str:
        expires = (now or datetime.now(UTC)) + self._life
        claims = {"sub": caller.user, "tier": caller.tier, "exp": expires}
        return jwt.encode(claims, self._keys[0], ALGORITHM)

    def verify(self, token: str) -> Caller:
        for key in self._keys:
            try:
                claims = jwt.decode(token, key, [ALGORITHM], options={"require": ["sub", "tier", "exp"]})
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise InvalidTokenError from error
            return Caller(str(claims["sub"]), str(claims["tier"]))
        raise InvalidTokenError
