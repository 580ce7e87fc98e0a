"""The queues: their names, how failures are retried, and how a job gets into one."""

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware, Retries
from redis.asyncio import Redis

from shop import metrics
from shop.errors import UnavailableError
from shop.link import SEND_SECONDS, RedisLink, SteadyRedis
from shop.settings import QUEUES, Queue

log = logging.getLogger(__name__)

ORDER_QUEUES: tuple[Queue, ...] = ("dispatch", "notifications", "analytics")
NAMESPACE = "dramatiq"

MAX_RETRIES = 5
MIN_BACKOFF_MS = 1_000
MAX_BACKOFF_MS = 60_000


class Job(NamedTuple):
    queue: Queue
    subject: int


def make_broker(client: SteadyRedis, extra: Iterable[Middleware] = ()) -> RedisBroker:
    retries = Retries(max_retries=MAX_RETRIES, min_backoff=MIN_BACKOFF_MS, max_backoff=MAX_BACKOFF_MS)
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=client,
        namespace=NAMESPACE,
        middleware=[retries, *extra],
        # Dramatiq's own recovery of what a killed worker had taken needs KEYS, which is for administrators only
        # (and slow beside a large cache). The sweep recovers the same from PostgreSQL.
        maintenance_chance=0,
    )


def message(job: Job) -> dramatiq.Message[None]:
    return dramatiq.Message(queue_name=job.queue, actor_name=job.queue, args=(job.subject,), kwargs={}, options={})


class Sender:
    """Puts jobs into their queues from asynchronous code; dramatiq's broker waits for its socket."""

    def __init__(self, link: RedisLink, client: SteadyRedis) -> None:
        self._link = link
        self._broker = make_broker(client)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="send")

    async def send(self, jobs: list[Job]) -> None:
        """Never fails: PostgreSQL knows each job, and the worker's sweep sends what is missing."""
        loop = asyncio.get_running_loop()
        try:
            await self._link.call(lambda _: loop.run_in_executor(self._threads, self._enqueue, jobs), SEND_SECONDS)
        except UnavailableError as error:
            for job in jobs:
                metrics.JOBS_DEFERRED.labels(job.queue).inc()
            log.warning("jobs deferred: %s", error, extra={"fields": {"count": len(jobs)}})

    def _enqueue(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._broker.enqueue(message(job))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def measure(link: RedisLink) -> None:
    """Depths and dead letters of all queues, in one round trip."""

    async def counts(client: Redis) -> list[int]:
        pipe = client.pipeline(transaction=False)
        for queue in QUEUES:
            _ = pipe.llen(f"{NAMESPACE}:{queue}")
            _ = pipe.hlen(f"{NAMESPACE}:{queue}.DQ.msgs")
            _ = pipe.zcard(f"{NAMESPACE}:{queue}.XQ")
        return [int(count) for count in await pipe.execute()]

    try:
        found = await link.call(counts)
    except UnavailableError:
        metrics.forget_queues()
        return
    triples = dict(zip(QUEUES, zip(found[0::3], found[1::3], found[2::3], strict=True), strict=True))
    metrics.set_queues(
        waiting={queue: ready + later for queue, (ready, later, _) in triples.items()},
        dead={queue: dead for queue, (_, _, dead) in triples.items()},
    )
