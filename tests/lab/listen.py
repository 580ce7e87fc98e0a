"""Listens on every TCP port that it is given, and closes what connects. Runs on a bare host: standard library only."""

import asyncio
import contextlib
import sys


async def _main(ports: list[int]) -> None:
    for port in ports:
        with contextlib.suppress(OSError):  # something listens there already
            await asyncio.start_server(lambda _, writer: writer.close(), "0.0.0.0", port)  # noqa: S104  reached by all
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main([int(word) for word in sys.argv[1:]]))
