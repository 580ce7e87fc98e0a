"""Events for clients, across all replicas by Redis pub/sub."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from shop import metrics
from shop.cache import Cache
from shop.errors import UnavailableError
from shop.link import SEND_SECONDS, RedisLink, brief

log = logging.getLogger(__name__)

CHANNEL = "shop:events"
HEARTBEAT_SECONDS = 30.0
HEARTBEAT = json.dumps({"type": "heartbeat"})
INBOX_SIZE = 100

# Silence this long is tested by a ping: a master that vanished without closing its sockets says nothing.
SILENCE_SECONDS = 1.5
PAUSE_SECONDS = 0.25


async def announce(link: RedisLink, cache: Cache, event: str, subject: int, **details: object) -> None:
    """Ends what the event makes stale, then tells the clients. Without Redis both are moot."""
    noun = event.partition(".")[0]
    text = json.dumps({"type": event, noun: subject, **details})
    try:
        await cache.end(event, subject)
        await link.call(lambda client: client.publish(CHANNEL, text), SEND_SECONDS)
    except UnavailableError as error:
        log.warning("event not announced: %s", error, extra={"fields": {"event": event, "subject": subject}})


class Hub:
    """One subscription for the process, one inbox for each client."""

    def __init__(self) -> None:
        self._inboxes: set[asyncio.Queue[str | None]] = set()
        self._closed = False
        self._subscribed: bool | None = None

    async def stream(self, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncIterator[str]:
        inbox: asyncio.Queue[str | None] = asyncio.Queue(INBOX_SIZE)
        self._inboxes.add(inbox)
        try:
            while not self._closed:
                try:
                    async with asyncio.timeout(heartbeat):
                        item = await inbox.get()
                except TimeoutError:
                    item = HEARTBEAT
                if item is None:
                    return
                yield item
        finally:
            self._inboxes.discard(inbox)

    def deliver(self, text: str) -> None:
        for inbox in tuple(self._inboxes):
            try:
                inbox.put_nowait(text)
                metrics.EVENTS.inc()
            except asyncio.QueueFull:
                self._end(inbox)  # too slow to keep; it may connect again

    def close(self) -> None:
        self._closed = True
        for inbox in tuple(self._inboxes):
            self._end(inbox)

    def _end(self, inbox: asyncio.Queue[str | None]) -> None:
        self._inboxes.discard(inbox)
        while not inbox.empty():
            inbox.get_nowait()
        inbox.put_nowait(None)

    async def listen(self, client: Redis) -> None:
        """For ever: subscribe on the present master, deliver, and begin again after any failure."""
        while True:
            subscription = client.pubsub()
            try:
                await self._deliver_all(subscription)
            except (RedisError, OSError, TimeoutError) as error:
                if self._subscribed is not False:  # one line for an outage, not for each attempt
                    log.warning("events interrupted: %s", brief(error))
            except Exception:
                log.exception("events interrupted")
            finally:
                self._note(subscribed=False)
                await _discard(subscription)
            await asyncio.sleep(PAUSE_SECONDS)

    def _note(self, *, subscribed: bool) -> None:
        self._subscribed = subscribed
        metrics.SUBSCRIBED.set(subscribed)

    async def _deliver_all(self, subscription: PubSub) -> None:
        async with asyncio.timeout(SILENCE_SECONDS):
            await subscription.subscribe(CHANNEL)
        self._note(subscribed=True)
        log.info("receiving events")
        pinged = False
        while True:
            found = await _next_message(subscription)
            if found is None and pinged:
                raise TimeoutError("no answer to a ping")
            pinged = found is None
            if pinged:
                await subscription.ping()
            elif found is not None and found["type"] == "message":
                self.deliver(found["data"])


async def _next_message(subscription: PubSub) -> dict[str, str] | None:
    found: dict[str, str] | None = await subscription.get_message(timeout=SILENCE_SECONDS)
    return found


async def _discard(subscription: PubSub) -> None:
    try:
        async with asyncio.timeout(1):
            await subscription.aclose()  # type: ignore[no-untyped-call]
    except (RedisError, OSError, TimeoutError):
        pass
