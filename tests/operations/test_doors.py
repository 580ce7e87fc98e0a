"""Requests to an edge, against a real server on this machine that speaks what it is told to."""

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from basalt.checklist.facts import Door
from basalt.checklist.row import Unasked
from basalt.operations.measure.doors import doors
from basalt.plan import survey
from basalt.targets.certificates import make_authority, make_leaf
from basalt.topology.load import load
from tests.stacks import DATABASE, raw

AUTHORITY = make_authority("lab")


class Edge(BaseHTTPRequestHandler):
    """Answers with the path and the name that was asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Path", self.path)
        self.send_header("X-Name", self.headers["Host"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's
        pass


@contextmanager
def serving(folder: Path, *versions: ssl.TLSVersion) -> Iterator[int]:
    """The port of an edge `localhost`, with TLS from the first to the last of the versions."""
    leaf = make_leaf(["shop.example.com"], 90, AUTHORITY["certificate"], AUTHORITY["key"])
    (folder / "tls.pem").write_text(leaf["certificate"] + leaf["key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = versions[0], versions[-1]
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(folder / "tls.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Edge) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a refused handshake is what is asked for
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def every(port: int, authority: str | Unasked = AUTHORITY["certificate"], **changes: Any) -> tuple[Door, ...]:
    """What is told of the ports of an edge."""
    edge = {"domain": "shop.example.com", "publish": {"https": f"127.0.0.1:{port}", "http": "127.0.0.1:1"}}
    shop = {"api": {"routes": ["/"]}, "pay": {"routes": ["/pay"]}}
    services = {"pgbouncer": {}, "redis": {}, "app": {"parts": shop}, "nginx": edge}
    stack = raw(DATABASE, **{f"services__{name}": block for name, block in services.items()})
    return doors(survey(load("lab", raw(stack, **changes))), authority)


def asked(port: int, authority: str | Unasked = AUTHORITY["certificate"], **changes: Any) -> Door:
    """What is told of its HTTPS port."""
    return next(door for door in every(port, authority, **changes) if door.scheme == "https")


def test_each_route_is_asked_under_the_public_name(tmp_path: Path) -> None:
    with serving(tmp_path, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) as port:
        door = asked(port)
    assert not isinstance(door.replies, Unasked)
    assert [reply.headers["x-path"] for reply in door.replies] == ["/pay/statusz", "/statusz"]
    assert {(r.status, r.tls, r.headers["x-name"]) for r in door.replies} == {(200, "TLSv1.3", "shop.example.com")}
    assert door.old == ""


def test_an_edge_that_agrees_to_an_old_version_is_found_out(tmp_path: Path) -> None:
    with serving(tmp_path, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2) as port:
        door = asked(port)
    assert door.old == "TLSv1.1"


def test_an_edge_that_does_not_prove_its_name_is_not_asked(tmp_path: Path) -> None:
    with serving(tmp_path, ssl.TLSVersion.TLSv1_2) as port:
        foreign = asked(port, make_authority("other")["certificate"])
    assert isinstance(foreign.replies, Unasked)
    assert "certificate verify failed" in foreign.replies.reason


def test_an_edge_that_does_not_answer_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    door = asked(port)
    assert isinstance(door.replies, Unasked)
    assert isinstance(door.old, Unasked)
    assert "does not answer" in door.old.reason


def test_what_cannot_be_reached_or_verified_is_unknown() -> None:
    missing = Unasked("stack lab has no authority yet")
    assert asked(2, missing).replies is missing
    away = asked(2, hosts__local__engine="ssh://ops@far")
    assert isinstance(away.replies, Unasked)
    assert "is local's own; ask from there" in away.replies.reason


def test_a_fenced_stack_answers_nobody_and_is_meant_to() -> None:
    assert len(every(2)) == 2
    assert every(2, role="fenced") == ()
