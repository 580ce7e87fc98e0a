"""Serves an ASGI application over TLS and stops it without dropping a request."""

import asyncio
import logging
import signal
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from shop.settings import Listen

log = logging.getLogger(__name__)

# Above the 60 s for which nginx keeps an idle upstream connection: the side that sends requests must be the
# one that closes, or a request can meet a connection that has just gone.
KEEP_ALIVE_SECONDS = 75
MAX_WEBSOCKET_MESSAGE = 4096


class Server(uvicorn.Server):
    """SIGTERM: readiness fails and streams end, requests are still taken for a while, then it stops.

    SIGHUP: the certificate is read again.
    """

    def __init__(self, config: uvicorn.Config, drain_seconds: float, on_drain: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._on_drain = on_drain
        self._draining = False

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not the parent's: it raises the signal again when all is done, and the exit code would not be 0.
        asyncio.get_running_loop().call_soon_threadsafe(self._begin_exit)

    def _begin_exit(self) -> None:
        if self._draining:
            self.should_exit = True  # asked twice: do not wait
            return
        self._draining = True
        log.info("draining", extra={"fields": {"seconds": self._drain_seconds}})
        self._on_drain()
        asyncio.get_running_loop().call_later(self._drain_seconds, self._exit)

    def _exit(self) -> None:
        self.should_exit = True

    @override
    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload_certificate)

    def _reload_certificate(self) -> None:
        if self.config.ssl and self.config.ssl_certfile:
            self.config.ssl.load_cert_chain(self.config.ssl_certfile, self.config.ssl_keyfile)
            log.info("certificate loaded again")


def serve(
    app: ASGIApp,
    listen: Listen,
    *,
    port: int,
    drain_seconds: float,
    stop_seconds: int,
    on_drain: Callable[[], None],
) -> None:
    config = uvicorn.Config(
        app,
        host=listen.host,
        port=port,
        ssl_certfile=listen.certificate,
        ssl_keyfile=listen.key,
        proxy_headers=bool(listen.proxies),
        forwarded_allow_ips=[str(network) for network in listen.proxies],
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=stop_seconds,
        ws="websockets-sansio",
        ws_max_size=MAX_WEBSOCKET_MESSAGE,
    )
    Server(config, drain_seconds, on_drain).run()
