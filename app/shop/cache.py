"""Named cache strategies: how long a kind of thing may be served from Redis, and what ends that early."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from redis.asyncio import Redis

from shop import metrics
from shop.errors import UnavailableError
from shop.link import SEND_SECONDS, RedisLink

Outcome = Literal["HIT", "MISS"]
Loader = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class Strategy:
    name: str
    ttl: int
    ended_by: frozenset[str]

    def key(self, subject: int) -> str:
        return f"cache:{self.name}:{subject}"


ORDERS = Strategy("orders", ttl=60, ended_by=frozenset({"order.dispatched", "order.paid"}))
IMAGES = Strategy("images", ttl=300, ended_by=frozenset({"image.measured"}))
STRATEGIES = (ORDERS, IMAGES)

# A reader that loaded its row just before a write would store the old one after it, for a whole TTL. So the write
# leaves a mark that is never the same twice, and a reader stores only over what it saw before it loaded.
MARK = "!"
MARK_SECONDS = 60
STORE = """
if (redis.call('GET', KEYS[1]) or '') == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""


def keys_ended_by(event: str, subject: int) -> list[str]:
    return [strategy.key(subject) for strategy in STRATEGIES if event in strategy.ended_by]


def is_value(found: str) -> bool:
    return bool(found) and not found.startswith(MARK)


class Cache:
    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._store_script = link.client.register_script(STORE)

    async def get(self, strategy: Strategy, subject: int, load: Loader) -> tuple[str | None, Outcome]:
        """The value and where it came from. Without Redis every read is a MISS, not an error."""
        key = strategy.key(subject)
        seen = await self._seen(key)
        if seen is not None and is_value(seen):
            metrics.CACHE_HITS.labels(strategy.name).inc()
            return seen, "HIT"
        metrics.CACHE_MISSES.labels(strategy.name).inc()
        value = await load()
        if value is not None and seen is not None:
            await self._store(key, seen, value, strategy.ttl)
        return value, "MISS"

    async def end(self, event: str, subject: int) -> None:
        for key in keys_ended_by(event, subject):
            await self._link.call(partial(_mark, key), SEND_SECONDS)

    async def _seen(self, key: str) -> str | None:
        """What lies there, empty for nothing; None when Redis does not say."""
        try:
            return str(await self._link.call(lambda client: client.get(key)) or "")
        except UnavailableError:
            return None

    async def _store(self, key: str, seen: str, value: str, ttl: int) -> None:
        try:
            await self._link.call(lambda _: self._store_script(keys=[key], args=[seen, value, ttl]))
        except UnavailableError:
            return  # the next reader tries again


async def _mark(key: str, client: Redis) -> None:
    await client.set(key, MARK + secrets.token_hex(8), ex=MARK_SECONDS)
