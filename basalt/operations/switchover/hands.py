"""Programs inside containers that wait for a word: what a switchover does is done by them, at once.

They run by `docker exec` with a standard input of ours. When this process dies, however it does, their input ends."""

import json
import queue
import subprocess
import threading
import time
from typing import Any

from basalt.site import Instance, Site
from basalt.targets.docker.address import folder
from basalt.targets.docker.container import container_name
from basalt.topology.model import Host


class HandError(Exception):
    """A program in a container that did not do, or say, what was asked for."""


def command(host: Host, container: str, *words: str) -> list[str]:
    """`docker exec` at a host's engine."""
    return ["docker", "--host", host.engine, *_tls(host), "exec", "--interactive", container, *words]


def _tls(host: Host) -> list[str]:
    if not host.engine_certificates:
        return []
    files = {"tlscacert": "ca.pem", "tlscert": "cert.pem", "tlskey": "key.pem"}
    return ["--tlsverify", *(f"--{flag}={folder(host.engine_certificates) / name}" for flag, name in files.items())]


class Hand:
    """One program in one instance."""

    def __init__(self, site: Site, instance: Instance, *words: str) -> None:
        self.name = instance.name
        self._process = subprocess.Popen(
            command(site.host(instance), container_name(site, instance), *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  a pipe
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    @property
    def pid(self) -> int:
        """Of the engine's client here."""
        return self._process.pid

    def tell(self, word: str) -> None:
        """A word; who has ended does not hear it."""
        assert self._process.stdin is not None  # noqa: S101  a pipe
        try:
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise HandError(f"{self.name} does not listen any more: {error}{self._last()}") from error

    def line(self, seconds: float) -> str | None:
        """The next line; None when it has ended. HandError when nothing comes in time."""
        try:
            return self._lines.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise HandError(f"{self.name} said nothing for {seconds:.1f} s{self._last()}") from None

    def event(self, *wanted: str, seconds: float) -> dict[str, Any]:
        """The next of the wanted events; HandError when it refuses, ends, or says nothing in time."""
        deadline = time.monotonic() + seconds
        while (line := self.line(deadline - time.monotonic())) is not None:
            told = _event(line)
            if told.get("event") in wanted:
                return told
            if "why" in told:
                raise HandError(f"{self.name}: {told['why']}")
            self._said.append(line)
        raise HandError(f"{self.name} ended before it was {' or '.join(wanted)}{self._last()}")

    def close(self) -> None:
        """Its input ends: it undoes what it holds, and ends by itself."""
        assert self._process.stdin is not None  # noqa: S101  a pipe
        try:
            self._process.stdin.close()
        except OSError:
            return  # it has ended already

    def wait(self, seconds: float) -> None:
        """Until it has ended; what lasts longer is left to itself."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the client of the engine only
            self._process.wait()

    def _last(self) -> str:
        said = " ".join(self._said[-3:]).strip()
        return f" ({said})" if said else ""


def _event(line: str) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
