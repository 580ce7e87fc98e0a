"""The web application."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from shop.errors import UnavailableError
from shop.events import Hub
from shop.images import MAX_BYTES
from shop.logs import request_id
from shop.middleware import Observe
from shop.resources import open_resources
from shop.routes import breakers, events, health, images, login, orders, payment
from shop.routes.common import Lifecycle, Shop
from shop.server import serve
from shop.sessions import Sessions
from shop.settings import Settings
from shop.tokens import Tokens

ROUTERS = (health, login, orders, images, payment, events, breakers)


def build(settings: Settings) -> tuple[FastAPI, Callable[[], None]]:
    """The application and what to call when it should begin to drain."""
    # Read before anything is served: an unusable key stops the start, not the first log-in.
    tokens = Tokens(settings.tokens)
    hub = Hub()
    lifecycle = Lifecycle()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            sessions = Sessions(resources.redis, settings.tokens.refresh_days)
            app.state.shop = Shop(resources, tokens, sessions, hub, lifecycle)
            listener = asyncio.create_task(hub.listen(resources.redis.client))
            yield
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    app = FastAPI(title="shop", lifespan=lifespan, max_body_size=MAX_BYTES, docs_url=None, redoc_url=None)
    for module in ROUTERS:
        app.include_router(module.router)
    app.add_exception_handler(UnavailableError, _unavailable)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(Observe, draining=lambda: lifecycle.draining)

    def drain() -> None:
        lifecycle.draining = True
        hub.close()

    return app, drain


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    dependency = error.dependency if isinstance(error, UnavailableError) else "unknown"
    body = {"error": "unavailable", "dependency": dependency, "request_id": request_id.get()}
    return JSONResponse(body, 503, {"Retry-After": "1"})


async def _unexpected(_: Request, __: Exception) -> JSONResponse:
    # Made outside of Observe, which would have set the header.
    identity = request_id.get()
    return JSONResponse({"error": "internal", "request_id": identity}, 500, {"X-Request-ID": identity})


def run(settings: Settings) -> None:
    app, drain = build(settings)
    serve(
        app,
        settings.listen,
        port=settings.listen.port,
        drain_seconds=settings.listen.drain_seconds,
        stop_seconds=settings.listen.stop_seconds,
        on_drain=drain,
    )
