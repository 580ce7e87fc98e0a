"""How an engine is reached."""

import http.server
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest

from basalt.targets.certificates import make_authority, make_leaf
from basalt.targets.docker.engine import EngineError, connect


class _Version(http.server.BaseHTTPRequestHandler):
    """As much of the Engine API as a client asks before anything else."""

    def do_GET(self) -> None:
        body = b'{"ApiVersion": "1.44", "Version": "27"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture
def engine(tmp_path: Path) -> dict[str, str]:
    """One over TCP with TLS that asks for a certificate, with a stack's own authority."""
    authority = make_authority("engines")
    leaf = make_leaf(["127.0.0.1"], 1, authority["certificate"], authority["key"])
    for name, text in {"ca": authority["certificate"], "cert": leaf["certificate"], "key": leaf["key"]}.items():
        (tmp_path / f"{name}.pem").write_text(text)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca.pem"))
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Version)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"url": f"tcp://127.0.0.1:{server.server_port}", "certificates": str(tmp_path)}


def test_an_engines_own_authority_is_trusted_also_where_a_site_has_another(
    engine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "site.pem"
    other.write_text(make_authority("site")["certificate"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    client = connect(engine)
    assert client.version()["Version"] == "27"
    client.close()


def test_an_engine_of_another_authority_is_refused(engine: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(make_authority("theirs")["certificate"])
    with pytest.raises(EngineError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(engine)


class _Exec(http.server.BaseHTTPRequestHandler):
    """An engine whose commands have ended before anybody reads: what they printed comes in one piece with the headers
    of the answer (docs.docker.com, engine API, "Exec")."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(b'{"ApiVersion": "1.44", "Version": "27", "ExitCode": 0, "Id": "c"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/start"):
            self._send(b'{"Id": "e"}')
            return
        frames = [(1, b"whole\n"), (2, b"a complaint\n"), (1, b"answer\n" * 20_000)]
        body = b"".join(struct.pack(">BxxxL", whose, len(text)) + text for whose, text in frames)
        upgrade = self.headers.get("Upgrade")
        status = "101 UPGRADED" if upgrade else "200 OK"
        kind = "Content-Type: application/vnd.docker.raw-stream\r\n"
        more = "Connection: Upgrade\r\nUpgrade: tcp\r\n" if upgrade else ""
        self.wfile.write(f"HTTP/1.1 {status}\r\n{kind}{more}\r\n".encode() + body)
        self.close_connection = True

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a socket has none"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The engine with the quick commands, at a socket."""
    with ThreadingUnixStreamServer(str(tmp_path / "engine.sock"), _Exec) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield {"url": f"unix://{tmp_path}/engine.sock", "certificates": ""}
        server.shutdown()
        thread.join()


def test_what_a_command_prints_at_once_arrives_whole(quick: dict[str, str]) -> None:
    client = connect(quick)
    container = client.containers.get("c")
    told = b"whole\n" + b"answer\n" * 20_000
    for _ in range(20):
        apart: object = container.exec_run(["cat"], demux=True).output
        together: object = container.exec_run(["cat"]).output
        assert apart == (told, b"a complaint\n")
        assert together == told + b"a complaint\n"
    client.close()
