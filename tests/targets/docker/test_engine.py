"""How an engine is reached."""

import http.server
import ssl
import threading
from pathlib import Path

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
