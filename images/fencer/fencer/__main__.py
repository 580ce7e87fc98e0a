"""Runs a fencer until SIGTERM. /etc/basalt/fencer.json: see `config`. SIGHUP: takes up renewed certificates."""

import asyncio
import signal
import ssl
from pathlib import Path

from prometheus_client import REGISTRY, start_http_server

from fencer.config import read
from fencer.guard import Guard
from fencer.store import Store
from fencer.tell import Figures, say
from fencer.watch import TICK
from fencer.witness import Witness

FILES = Path("/etc/basalt")
PORT = 9102
_CONTROL = [str(FILES / "tls/control" / name) for name in ("tls.crt", "tls.key")]
_STACK = [str(FILES / "tls/stack" / name) for name in ("tls.crt", "tls.key")]


async def run() -> None:
    """Everything, in one loop; what blocks is in threads."""
    config = read(FILES / "fencer.json")
    tls = ssl.create_default_context(cafile=str(FILES / "tls/control/ca.crt"))
    tls.load_cert_chain(*_CONTROL)
    figures = Figures()
    REGISTRY.register(figures)
    server, _ = start_http_server(PORT, certfile=_STACK[0], keyfile=_STACK[1])
    store = Store(config.etcd, config.scope, tls)
    witness = Witness(config, store, figures, tls)
    guard = Guard(config, store, witness, figures)

    def reload() -> None:
        tls.load_cert_chain(*_CONTROL)
        assert isinstance(server.socket, ssl.SSLSocket)  # noqa: S101  it serves TLS
        server.socket.context.load_cert_chain(*_STACK)

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reload)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    work = [asyncio.ensure_future(part) for part in (guard.read(), guard.watch(), _tick(witness))]
    say("info", f"stands beside {config.own}, one of {config.witnesses} witnesses")
    halted = asyncio.ensure_future(stop.wait())
    # A part that fails ends all: the engine starts it anew, which knows nothing and so does nothing.
    done, _ = await asyncio.wait([*work, halted], return_when=asyncio.FIRST_COMPLETED)
    for part in done:
        part.result()


async def _tick(witness: Witness) -> None:
    while True:
        witness.tick()
        await asyncio.sleep(TICK)


if __name__ == "__main__":
    asyncio.run(run())
