"""Prints which of the TCP ports at an address take a connection: `scan.py ADDRESS PORT...`. Bounded: so many at once, a
few seconds each."""

import asyncio
import sys

_AT_ONCE = 200
_SECONDS = 3.0


async def _takes(address: str, port: int, turn: asyncio.Semaphore) -> bool:
    async with turn:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), _SECONDS)
        except OSError:  # refused, unreachable, or no answer: TimeoutError is one of them
            return False
        writer.close()
        return True


async def _main(address: str, ports: list[int]) -> None:
    turn = asyncio.Semaphore(_AT_ONCE)
    taken = await asyncio.gather(*(_takes(address, port, turn) for port in ports))
    print(*(port for port, takes in zip(ports, taken, strict=True) if takes))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], [int(word) for word in sys.argv[2:]]))
