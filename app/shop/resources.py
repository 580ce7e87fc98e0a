"""What a running api or worker holds open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shop import metrics
from shop.breaker import Breaker
from shop.cache import Cache
from shop.database import Database
from shop.events import announce
from shop.link import RedisLink, SteadyRedis, async_client, steady_client
from shop.queues import Sender
from shop.settings import Settings


@dataclass(frozen=True)
class Resources:
    settings: Settings
    database: Database
    replica: Database | None
    redis: RedisLink
    steady: SteadyRedis
    cache: Cache
    sender: Sender

    async def announce(self, event: str, subject: int, **details: object) -> None:
        await announce(self.redis, self.cache, event, subject, **details)


def _assemble(settings: Settings) -> Resources:
    redis = RedisLink(async_client(settings), Breaker("redis"))
    steady = steady_client(settings)
    replica = settings.replica
    return Resources(
        settings=settings,
        database=Database("database", settings.database, settings.authority),
        replica=Database("replica", replica, settings.authority) if replica else None,
        redis=redis,
        steady=steady,
        cache=Cache(redis),
        sender=Sender(redis, steady),
    )


@asynccontextmanager
async def open_resources(settings: Settings) -> AsyncIterator[Resources]:
    """Opening waits for nothing: a process whose dependencies are away starts and says so in /readyz."""
    resources = _assemble(settings)
    databases = [link for link in (resources.database, resources.replica) if link]
    collector = metrics.watch(databases, [resources.redis.breaker])
    for database in databases:
        await database.open()
    try:
        yield resources
    finally:
        metrics.unwatch(collector)
        resources.sender.close()
        for database in databases:
            await database.close()
        await resources.redis.close()
