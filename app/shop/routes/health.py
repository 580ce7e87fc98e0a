"""Probes and metrics."""

import asyncio
import logging
from collections.abc import Awaitable

import psycopg
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from redis.exceptions import RedisError

from shop import metrics, queues
from shop.migration_files import newest_version
from shop.routes.common import Shop, ShopState

log = logging.getLogger(__name__)
router = APIRouter()

READY_SECONDS = 1.0
# A user waits longer than a balancer.
SERVED_SECONDS = 3.0

_SCHEMA = "SELECT coalesce(max(version), 0) >= %(wanted)s AS migrated FROM schema_migrations"


@router.get("/healthz")
async def healthz(shop: ShopState) -> dict[str, str]:
    return {"status": "ok", "instance": shop.instance}


@router.get("/readyz")
async def readyz(shop: ShopState) -> JSONResponse:
    if shop.lifecycle.draining:
        return JSONResponse({"status": "draining", "failed": []}, 503)
    failed = await _failed(shop, READY_SECONDS)
    status = "failed" if failed else "ready"
    return JSONResponse({"status": status, "failed": failed}, 503 if failed else 200)


@router.get("/statusz")
async def statusz(shop: ShopState) -> JSONResponse:
    """Whether users are served, for anybody: a draining replica still serves them. What fails is not said."""
    failed = await _failed(shop, SERVED_SECONDS)
    return JSONResponse({"status": "failed" if failed else "ok"}, 503 if failed else 200)


@router.get("/metrics")
async def scrape(shop: ShopState) -> Response:
    await queues.measure(shop.resources.redis)
    return Response(metrics.generate_latest(), media_type=metrics.CONTENT_TYPE_LATEST)


async def _failed(shop: Shop, seconds: float) -> list[str]:
    checks = {"database": _database(shop), "redis": _redis(shop)}
    answers = await asyncio.gather(*(_within(seconds, name, check) for name, check in checks.items()))
    return [name for name, fine in zip(checks, answers, strict=True) if not fine]


async def _within(seconds: float, name: str, check: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await check
    except (psycopg.Error, RedisError, OSError, TimeoutError) as error:
        log.warning("%s does not answer: %r", name, error)
        return False


async def _database(shop: Shop) -> bool:
    """Answers, and holds the tables that this version of the code was written for."""
    row = await shop.resources.database.answers(_SCHEMA, {"wanted": newest_version()})
    return bool(row and row["migrated"])


async def _redis(shop: Shop) -> bool:
    return bool(await shop.resources.redis.client.ping())
