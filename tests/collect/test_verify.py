"""`ansible/playbooks/verify.yml`, really run, against this machine and an engine that only answers pings."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest
import yaml

from tests.stacks import ONE_HOST, raw
from tools.setup import paths

ROOT = Path(__file__).parent.parent.parent
PLAYBOOK = ROOT / "ansible" / "playbooks" / "verify.yml"
PLAY = Path(sys.executable).parent / "ansible-playbook"
SMALL = {"hosts__local__cores": 1, "hosts__local__memory_gb": 1, "services": {"etcd": {"members": 1}}}


class Ping(BaseHTTPRequestHandler):
    """`GET /_ping`, as an engine answers it."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/_ping" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    def address_string(self) -> str:
        return "a socket has none"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's
        pass


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    """The URL of an engine."""
    path = tmp_path / "engine.sock"
    with ThreadingUnixStreamServer(str(path), Ping) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"unix://{path}"
        server.shutdown()
        thread.join()


def verify(folder: Path, *arguments: str, **changes: Any) -> "subprocess.CompletedProcess[str]":
    """A run of the playbook on a stack whose clock is asked of a `chronyc` in `folder`, if there is one."""
    source = folder / "stacks" / "Pulumi.lab.yaml"
    source.parent.mkdir()
    source.write_text(yaml.safe_dump({"config": {"basalt:topology": raw(ONE_HOST, **{**SMALL, **changes})}}))
    environment = {
        **os.environ,
        "PATH": f"{folder}:{PLAY.parent}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(paths.ANSIBLE_CONFIG),
        "PYTHONPATH": str(ROOT),
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(folder),
    }
    command = [str(PLAY), "-i", str(source), str(PLAYBOOK), *arguments]
    return subprocess.run(command, env=environment, text=True, capture_output=True, check=False)


def host(number: int, engine: str) -> dict[str, Any]:
    """A small host of a stack file."""
    certificates = {"engine_certificates": "/nowhere"} if engine.startswith("tcp") else {}
    own = {"address": f"127.0.0.{number}", "zone": "a", "engine": engine}
    return {**own, "cores": 1, "memory_gb": 1, **certificates}


def chrony(folder: Path, offset: str, leap: str = "Normal") -> None:
    """A `chronyc` that reports so many seconds off (chronyc(1), `-c tracking`)."""
    line = f"A29FC87B,192.0.2.1,3,1795263600.1,{offset},0.0,0.0,-1.6,0.0,0.0,0.0,0.0,64.2,{leap}"
    (folder / "chronyc").write_text(f"#!/bin/sh\necho {line}\n")
    (folder / "chronyc").chmod(0o755)


@pytest.mark.slow
def test_a_host_that_is_what_it_should_be_passes(tmp_path: Path, engine: str) -> None:
    chrony(tmp_path, "-0.000012")
    # How full the disk is that the tests run on is not what they ask.
    full = ("-e", "verify_disk_free_share=0")
    done = verify(tmp_path, *full, hosts__local__engine=engine, hosts__local__disk_gb=1)
    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout


@pytest.mark.slow
def test_everything_that_differs_is_told_at_once(tmp_path: Path, engine: str) -> None:
    chrony(tmp_path, "1.5")
    wrong = {"cores": 1024, "memory_gb": 8192, "disk_gb": 9_000_000}
    done = verify(tmp_path, hosts__local__engine=engine, **{f"hosts__local__{key}": wrong[key] for key in wrong})
    assert done.returncode != 0
    for told in (
        "cores: declared 1024, found",
        "MiB of memory: declared 8388608, found",
        ": declared 9000000, found",
        "the clock: declared synchronised within 1 s, found 1.5 s off",
    ):
        assert told in done.stdout, done.stdout
    assert "the engine: declared" not in done.stdout


@pytest.mark.slow
def test_engines_that_do_not_answer_and_a_clock_that_nothing_keeps_are_told(tmp_path: Path, engine: str) -> None:
    chrony(tmp_path, "0.1", leap="Not synchronised")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        up, down = server.getsockname()[1], closed.getsockname()[1]
        closed.close()
        engines = {
            "near": engine,
            "silent": f"unix://{tmp_path}/none.sock",
            "far": f"tcp://127.0.0.1:{up}",
            "gone": f"tcp://127.0.0.1:{down}",
        }
        hosts = {name: host(number, url) for number, (name, url) in enumerate(engines.items(), 1)}
        # A host with an engine on the network would be reached by ssh.
        local = ("-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={sys.executable}")
        done = verify(tmp_path, *local, "-e", "verify_timeout_seconds=1", hosts=hosts)
    for name, url in engines.items():
        told = f"the engine: declared {url} answers, found" in done.stdout
        assert told is (name in ("silent", "gone")), done.stdout
        # Of every host its own list, with what they have in common.
        listed = done.stdout.partition(f"{name} is not what the stack file declares:")[2].partition(" is not what")[0]
        assert "found 0.1 s off, Not synchronised" in listed, done.stdout
