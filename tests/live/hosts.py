"""Docker hosts of the tests' own: a network namespace each, joined by a switch, with an engine inside."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from basalt.targets.certificates import make_authority, make_leaf
from tests.waiting import until

#: A bridge in a namespace of its own: beside an engine, that engine's firewall would drop what crosses it.
_SWITCH = "basalt-test-switch"
_BRIDGE = "switch"
#: This machine's own interface on it.
_HERE = "basalt-test"
_STOP = 90  # seconds an engine may take to stop all that it runs


@dataclass(frozen=True)
class Host:
    """Number `number` of the lab. Addresses are of TEST-NET-2 (RFC 5737)."""

    number: int
    #: ca.pem, cert.pem and key.pem, for its engine and for who speaks to it.
    certificates: Path

    @property
    def name(self) -> str:
        """Of the host, its namespace and its folders."""
        return f"basalt-test-{self.number}"

    @property
    def address(self) -> str:
        """Reached from the other hosts and from here."""
        return f"198.51.100.{10 + self.number}"

    @property
    def engine(self) -> dict[str, str]:
        """How a stack file names its engine: the first by its socket, the others over TCP with TLS."""
        if self.number == 1:
            return {"engine": f"unix://{self._socket}"}
        return {"engine": f"tcp://{self.address}:2376", "engine_certificates": str(self.certificates)}

    @property
    def described(self) -> dict[str, str]:
        """The same as `basalt.targets.docker.engine.connect` takes it."""
        return {"url": self.engine["engine"], "certificates": self.engine.get("engine_certificates", "")}

    @property
    def _socket(self) -> str:
        return f"/run/{self.name}.sock"

    @property
    def data(self) -> Path:
        """Images and volumes. Not in the repository: overlayfs cannot be stacked where that lies on one."""
        return Path("/var/lib") / self.name

    @property
    def _port(self) -> str:
        return f"port{self.number}"

    def cut(self) -> None:
        """Takes it off the network, both ways."""
        _ip("-n", _SWITCH, "link", "set", self._port, "down")

    def join(self) -> None:
        """Puts it back."""
        _ip("-n", _SWITCH, "link", "set", self._port, "up")

    @contextmanager
    def wired(self) -> Iterator[None]:
        """Its namespace, with an interface on the switch."""
        with _namespace(self.name):
            _ip("link", "add", "eth0", "netns", self.name, "type", "veth", "peer", self._port, "netns", _SWITCH)
            _ip("-n", _SWITCH, "link", "set", self._port, "master", _BRIDGE, "up")
            _ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "eth0")
            _ip("-n", self.name, "link", "set", "eth0", "up")
            yield

    @contextmanager
    def running(self) -> Iterator[None]:
        """Its engine. `ip netns exec` would hide the control groups from it, which `nsenter` does not."""
        run = Path("/run") / self.name
        log = run.with_suffix(".log")
        command = [
            *("nsenter", f"--net=/run/netns/{self.name}", "dockerd", "--host", f"unix://{self._socket}"),
            *("--host", f"tcp://{self.address}:2376", "--tlsverify", "--tlscacert", f"{self.certificates}/ca.pem"),
            *("--tlscert", f"{self.certificates}/cert.pem", "--tlskey", f"{self.certificates}/key.pem"),
            *("--data-root", str(self.data), "--exec-root", str(run), "--pidfile", f"{run}.pid"),
        ]
        with log.open("w") as output:
            daemon = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            until(self._answers, f"the engine of {self.name}, see {log}", 60)
            yield
        finally:
            daemon.terminate()
            daemon.wait(_STOP)
            for folder in (self.data, run):
                shutil.rmtree(folder, ignore_errors=folder == run)  # the engine leaves mounts of its namespaces behind
        log.unlink()

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self._socket)
        return True


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def _namespace(name: str) -> Iterator[None]:
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "set", "lo", "up")
        yield
    finally:
        _ip("netns", "delete", name)


@contextmanager
def _switch() -> Iterator[None]:
    with _namespace(_SWITCH):
        _ip("-n", _SWITCH, "link", "add", _BRIDGE, "type", "bridge")
        _ip("-n", _SWITCH, "link", "set", _BRIDGE, "up")
        _ip("link", "add", _HERE, "type", "veth", "peer", "port0", "netns", _SWITCH)
        _ip("-n", _SWITCH, "link", "set", "port0", "master", _BRIDGE, "up")
        _ip("addr", "add", "198.51.100.1/24", "dev", _HERE)
        _ip("link", "set", _HERE, "up")
        yield


def _certify(lab: list[Host]) -> None:
    authority = make_authority("basalt test engines")
    for host in lab:
        leaf = make_leaf([host.name, host.address], 1, authority["certificate"], authority["key"])
        host.certificates.mkdir()
        texts = {"ca": authority["certificate"], "cert": leaf["certificate"], "key": leaf["key"]}
        for name, text in texts.items():
            (host.certificates / f"{name}.pem").write_text(text)


@contextmanager
def hosts(count: int, folder: Path) -> Iterator[list[Host]]:
    """So many hosts, with certificates in `folder`, and nothing left of them afterwards."""
    lab = [Host(number, folder / str(number)) for number in range(1, count + 1)]
    _certify(lab)
    with ExitStack() as stack:
        stack.enter_context(_switch())
        for host in lab:
            stack.enter_context(host.wired())
            stack.enter_context(host.running())
        yield lab
