"""The worker: consumes the queues, and a small HTTPS server for metrics and health beside them.

One event loop does all input and output; dramatiq's threads only carry messages and wait for it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import dramatiq
import psycopg
from dramatiq.middleware import Middleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from shop import metrics, queues
from shop.errors import UnavailableError
from shop.jobs import BATCH, HANDLERS, late_jobs
from shop.resources import Resources, open_resources
from shop.server import serve
from shop.settings import Queue, Settings

log = logging.getLogger(__name__)

JOB_SECONDS = 30.0
SWEEP_SECONDS = 5.0
POLL_MS = 300  # an idle queue is looked at this often; it bounds how long a job waits to be seen


class CountDead(Middleware):
    @override
    def after_nack(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        metrics.JOBS.labels(message.queue_name, "dead").inc()
        fields = {"queue": message.queue_name, "subject": message.args[0]}
        log.error("job given up after its last retry", extra={"fields": fields})


class Consumers:
    """A broker and a dramatiq worker for each queue: so each queue has a concurrency of its own."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._workers: list[dramatiq.Worker] = []

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        for queue, threads in self._resources.settings.queues.items():
            broker = queues.make_broker(self._resources.steady, [CountDead()])
            actor = dramatiq.actor(broker=broker, actor_name=queue, queue_name=queue)
            actor(_carrier(queue, self._resources, loop))
            worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=POLL_MS)
            worker.start()
            self._workers.append(worker)

    def alive(self) -> bool:
        return all(
            thread.is_alive() for worker in self._workers for thread in (*worker.workers, *worker.consumers.values())
        )

    async def stop(self, seconds: int) -> None:
        """The jobs in hand end, as long as the time allows; fetched ones go back to their queue."""
        stops = (asyncio.to_thread(worker.stop, seconds * 1000) for worker in self._workers)
        await asyncio.gather(*stops)


def _carrier(queue: Queue, resources: Resources, loop: asyncio.AbstractEventLoop) -> Callable[[int], None]:
    def carry(subject: int) -> None:
        job = asyncio.run_coroutine_threadsafe(_do(queue, resources, subject), loop)
        job.result()

    return carry


async def _do(queue: Queue, resources: Resources, subject: int) -> None:
    started = perf_counter()
    fields: dict[str, Any] = {"queue": queue, "subject": subject}
    try:
        async with asyncio.timeout(JOB_SECONDS):
            first = await HANDLERS[queue](resources, subject)
    except (UnavailableError, TimeoutError):
        metrics.JOBS.labels(queue, "failed").inc()
        # Expected in an outage: the retry is dramatiq's, and its log needs no traceback.
        raise dramatiq.errors.Retry("a dependency does not answer") from None
    except Exception:
        metrics.JOBS.labels(queue, "failed").inc()
        raise
    seconds = perf_counter() - started
    metrics.JOBS.labels(queue, "done" if first else "repeated").inc()
    metrics.JOB_SECONDS.labels(queue).observe(seconds)
    log.info("job", extra={"fields": {**fields, "first": first, "ms": round(seconds * 1000, 1)}})


async def sweep(resources: Resources) -> None:
    """For ever: what Redis lost or never got is sent again from PostgreSQL."""
    late: list[queues.Job] = []
    while True:
        # A full batch was not all of it.
        await asyncio.sleep(0 if len(late) >= BATCH else SWEEP_SECONDS)
        try:
            late = await late_jobs(resources)
        except UnavailableError:
            late = []
        except psycopg.Error:
            # For instance before the migration. The next round may find it mended.
            log.exception("late jobs not found")
            late = []
        if late:
            await _send_again(resources, late)


async def _send_again(resources: Resources, late: list[queues.Job]) -> None:
    log.warning("jobs sent again", extra={"fields": {"count": len(late)}})
    for job in late:
        metrics.JOBS_RESENT.labels(job.queue).inc()
    await resources.sender.send(late)


def build(settings: Settings) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # No job reads from a replica; its connections are for those who do.
        async with open_resources(settings.model_copy(update={"replica": None})) as resources:
            consumers = Consumers(resources)
            consumers.start()
            app.state.resources, app.state.consumers = resources, consumers
            sweeper = asyncio.create_task(sweep(resources))
            yield
            sweeper.cancel()
            await consumers.stop(settings.worker.stop_seconds)

    return Starlette(lifespan=lifespan, routes=[Route("/healthz", healthz), Route("/metrics", scrape)])


async def healthz(request: Request) -> Response:
    state = request.app.state
    alive = state.consumers.alive()
    body = {"status": "ok" if alive else "stopped", "instance": state.resources.settings.instance}
    return JSONResponse(body, 200 if alive else 503)


async def scrape(request: Request) -> Response:
    await queues.measure(request.app.state.resources.redis)
    return Response(metrics.generate_latest(), media_type=metrics.CONTENT_TYPE_LATEST)


def run(settings: Settings) -> None:
    serve(
        build(settings),
        settings.listen,
        port=settings.worker.metrics_port,
        drain_seconds=0.0,
        stop_seconds=5,
        on_drain=lambda: None,
    )
