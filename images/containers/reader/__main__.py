"""What the stack's containers on this host use, as metrics over HTTPS.

/etc/basalt/instances.json: address -> labels of a container. SIGHUP: takes up a renewed certificate."""

import signal
import socket
from pathlib import Path

from metrics import Containers
from prometheus_client import REGISTRY, start_http_server

HOST = Path("/host")
FILES = Path("/etc/basalt")
TLS = (FILES / "tls/stack/tls.crt", FILES / "tls/stack/tls.key")
PORT = 9101

_PATIENCE = 10  # seconds, for a client that connects and says nothing


def main() -> None:
    """Serves until SIGTERM."""
    words = {signal.SIGHUP, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, words)  # before there are threads: they inherit it
    socket.setdefaulttimeout(_PATIENCE)
    REGISTRY.register(Containers(HOST, FILES / "instances.json"))
    server, _ = start_http_server(PORT, certfile=str(TLS[0]), keyfile=str(TLS[1]))
    while signal.sigwait(words) == signal.SIGHUP:
        server.socket.context.load_cert_chain(*TLS)


if __name__ == "__main__":
    main()
