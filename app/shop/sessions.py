"""Sessions shared by all replicas: a refresh token is valid once and yields its successor."""

import hashlib
import secrets
from datetime import timedelta

from shop.link import RedisLink


class Sessions:
    def __init__(self, link: RedisLink, days: int) -> None:
        self._link = link
        self._life = timedelta(days=days)

    async def begin(self, user: str) -> str:
        refresh = secrets.token_urlsafe(32)
        await self._link.call(lambda client: client.set(_key(refresh), user, ex=self._life))
        return refresh

    async def end(self, refresh: str) -> str | None:
        """The user whose session it was; None when it is unknown, used or expired."""
        found = await self._link.call(lambda client: client.getdel(_key(refresh)))
        return str(found) if found else None


def _key(refresh: str) -> str:
    """Only a hash is stored: who reads Redis cannot use what he finds."""
    return "session:" + hashlib.sha256(refresh.encode()).hexdigest()
