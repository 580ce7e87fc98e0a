"""Events for clients: a WebSocket, and server-sent events for those that cannot."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, WebSocket, WebSocketDisconnect, status
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection

from shop import metrics
from shop.routes.common import Shop, ShopState, unauthorized
from shop.tokens import Caller, InvalidTokenError

router = APIRouter()


def _listener(connection: HTTPConnection, shop: Shop) -> Caller | None:
    """Browsers cannot set a header on either kind of stream, so the token may be a parameter here."""
    header = connection.headers.get("authorization", "")
    token = header[7:] if header.lower().startswith("bearer ") else connection.query_params.get("token")
    try:
        return shop.tokens.verify(token) if token else None
    except InvalidTokenError:
        return None


@router.websocket("/events")
async def websocket(socket: WebSocket, shop: ShopState) -> None:
    if _listener(socket, shop) is None:
        await socket.close(status.WS_1008_POLICY_VIOLATION)
        return
    if shop.lifecycle.draining:
        await socket.close(status.WS_1012_SERVICE_RESTART)
        return
    await socket.accept()
    with metrics.WEBSOCKETS.track_inprogress():
        await _serve(socket, shop)


async def _serve(socket: WebSocket, shop: Shop) -> None:
    tasks = [asyncio.create_task(_send_all(socket, shop)), asyncio.create_task(_until_gone(socket))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send_all(socket: WebSocket, shop: Shop) -> None:
    try:
        async for text in shop.hub.stream():
            await socket.send_text(text)
        code = status.WS_1012_SERVICE_RESTART if shop.lifecycle.draining else status.WS_1013_TRY_AGAIN_LATER
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        return  # the client went away in the middle of a send


async def _until_gone(socket: WebSocket) -> None:
    """Clients have nothing to say here; reading is how their leaving is noticed."""
    try:
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, RuntimeError, KeyError):
        return


@router.get("/events/stream")
async def stream(connection: HTTPConnection, shop: ShopState) -> StreamingResponse:
    if _listener(connection, shop) is None:
        raise unauthorized()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_lines(shop), headers=headers, media_type="text/event-stream")


async def _lines(shop: Shop) -> AsyncIterator[str]:
    with metrics.STREAMS.track_inprogress():
        # Opens the stream through buffers on the way, and sets how soon a browser comes back.
        yield "retry: 1000\n\n"
        async for text in shop.hub.stream():
            yield f"data: {text}\n\n"
