"""The hub between one subscription and many clients."""

import asyncio
import json

from shop.events import INBOX_SIZE, Hub


async def first(hub: Hub, count: int, heartbeat: float = 30.0) -> list[str]:
    """The first events that a new client gets."""
    found: list[str] = []
    async for text in hub.stream(heartbeat):
        found.append(text)
        if len(found) == count:
            break
    return found


def test_every_client_gets_every_event() -> None:
    async def run() -> None:
        hub = Hub()
        clients = [asyncio.create_task(first(hub, 2)) for _ in range(3)]
        await asyncio.sleep(0)
        hub.deliver("a")
        hub.deliver("b")
        assert await asyncio.gather(*clients) == [["a", "b"]] * 3

    asyncio.run(run())


def test_silence_is_filled_with_heartbeats() -> None:
    beats = asyncio.run(first(Hub(), 2, heartbeat=0.001))
    assert [json.loads(beat) for beat in beats] == [{"type": "heartbeat"}] * 2


def test_a_client_that_does_not_read_is_let_go() -> None:
    async def run() -> list[str]:
        hub = Hub()
        stream = hub.stream()
        reading = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        hub.deliver("read")
        assert await reading == "read"
        for number in range(INBOX_SIZE + 1):
            hub.deliver(str(number))
        async with asyncio.timeout(1):
            return [text async for text in stream]

    assert asyncio.run(run()) == []


def test_closing_ends_every_stream_and_admits_no_new_one() -> None:
    async def run() -> None:
        hub = Hub()
        waiting = asyncio.create_task(first(hub, 1))
        await asyncio.sleep(0)
        hub.close()
        assert await waiting == []
        assert await first(hub, 1) == []

    asyncio.run(run())
