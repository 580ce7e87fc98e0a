"""Bare Debian hosts of the tests' own: systemd and sshd in a container each, on a network of theirs."""

import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from docker.client import DockerClient
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import EndpointConfig, IPAMConfig, IPAMPool

from basalt.targets.docker.engine import connect
from tests.waiting import until
from tools.setup import base_image, paths
from tools.setup.step import Log

NETWORK = "198.18.112.0/20"
_LISTENER = "basalt-test-listener.service"
#: Of the machine that the tests run on, as the hosts see it.
OPERATOR = str(ip_network(NETWORK)[1])
#: By it, an interrupted run's are found and removed (.ci/run).
LABELS = {"basalt.lab": "test"}
_CONTEXT = Path(__file__).parent
#: What systemd, sudo, sshd and nftables need beyond what Docker gives. Not SYS_TIME, SYS_MODULE, SYS_RESOURCE: clock,
#: modules and limits are those of the machine that the tests run on.
_CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "AUDIT_CONTROL", "DAC_READ_SEARCH", "SYS_NICE", "IPC_LOCK"]

_SSH = ["-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]


@dataclass(frozen=True)
class Machine:
    """A host of the lab."""

    container: Container
    address: str

    @property
    def name(self) -> str:
        """Of the host in a stack file."""
        return str(self.container.name).removeprefix("basalt-test-")

    def run(self, *command: str) -> str:
        """What a command prints, run by the engine and not over the network. AssertionError when it fails."""
        code, output = self.container.exec_run(list(command))
        text = (output if isinstance(output, bytes) else b"".join(output)).decode()
        assert code == 0, f"{' '.join(command)} on {self.name} ended with {code}: {text}"
        return text

    def ran(self, *command: str) -> bool:
        """Whether a command ends well there."""
        return bool(self.container.exec_run(list(command)).exit_code == 0)

    def within(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """A command of the machine that the tests run on, in the network of this host."""
        self.container.reload()
        inside = ["nsenter", f"--net=/proc/{self.container.attrs['State']['Pid']}/ns/net"]
        return subprocess.run([*inside, *command], text=True, capture_output=True, check=False)

    def listen(self, ports: Iterable[int]) -> None:
        """Takes connections on all its addresses, until it is silenced; ports that are taken already are left alone."""
        code = (_CONTEXT / "listen.py").read_text()
        self.run("systemd-run", "--quiet", f"--unit={_LISTENER}", "python3", "-c", code, *map(str, ports))

    def silence(self) -> None:
        """Gives back what it listens on."""
        self.run("systemctl", "stop", _LISTENER)

    def open_ports(self, address: str, ports: Iterable[int]) -> set[int]:
        """Those of the ports at an address that answer this host."""
        done = self.within(sys.executable, str(_CONTEXT / "scan.py"), address, *map(str, ports))
        assert done.returncode == 0, done.stderr
        return {int(line) for line in done.stdout.split()}

    def ready(self) -> bool:
        """Whether systemd has started everything, sshd among it."""
        return self.run("systemctl", "is-system-running").strip() == "running"

    @property
    def booted(self) -> str:
        """When systemd began: another moment after each boot."""
        return self.run("systemctl", "show", "--property=UserspaceTimestampMonotonic")

    @property
    def known(self) -> str:
        """Its line of known_hosts."""
        kind, key, *_ = self.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
        return f"{self.address} {kind} {key}"


@dataclass(frozen=True)
class Operator:
    """Who gives orders to the lab: a key, and the hosts that it knows. The key named `key` is on every host."""

    folder: Path
    name: str = "key"

    @property
    def key(self) -> Path:
        """The private key; the public one is `.pub` beside it."""
        return self.folder / self.name

    @property
    def known_hosts(self) -> Path:
        """The hosts' own keys."""
        return self.folder / "known_hosts"

    def ssh(self, target: str, *arguments: str, patience: int = 30) -> "subprocess.CompletedProcess[str]":
        """A connection of its own to `user@address`; `patience`: seconds until it is there."""
        options = [
            *_SSH,
            "-o",
            f"ConnectTimeout={patience}",
            "-o",
            f"UserKnownHostsFile={self.known_hosts}",
            "-i",
            str(self.key),
        ]
        command = ["ssh", *options, target, *arguments]
        # An input of its own: ssh makes it non-blocking for all who share it, and Ansible refuses to start with that.
        return subprocess.run(command, text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)

    @property
    def variables(self) -> dict[str, str]:
        """The same as Ansible is told it."""
        return {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-F /dev/null -o IdentitiesOnly=yes -o UserKnownHostsFile={self.known_hosts}",
        }


@contextmanager
def machines(suites: dict[str, str], folder: Path) -> Iterator[tuple[Operator, list[Machine]]]:
    """A host for each name, ready, of a suite of Debian; nothing is left of them afterwards. The operator's files are
    in `folder`."""
    # Not `docker.from_env()`: what a command prints at once may be lost by the SDK's own way.
    client = connect({"url": "unix:///var/run/docker.sock", "certificates": ""})
    images = {suite: _image(client, suite) for suite in dict.fromkeys(suites.values())}
    operator = Operator(folder)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(operator.key)], check=True)
    with ExitStack() as stack:
        network = stack.enter_context(_network(client))
        addresses = [str(address) for address in list(ip_network(NETWORK).hosts())[10 : 10 + len(suites)]]
        made = [
            stack.enter_context(_machine(client, images[suite], network, name, address))
            for (name, suite), address in zip(suites.items(), addresses, strict=True)
        ]
        for machine in made:
            _let_in(machine, operator)
        for machine in made:
            until(machine.ready, f"systemd of {machine.name}", 180)
        operator.known_hosts.write_text("".join(f"{machine.known}\n" for machine in made))
        yield operator, made


def _image(client: DockerClient, suite: str) -> str:
    """Built where its context is new."""
    base = base_image.name(suite)
    if not client.images.list(base):
        base_image.bootstrap(Log(paths.LOCAL / "logs" / f"test-host-{suite}.log"), suite)
    content = b"".join(path.read_bytes() for path in sorted(_CONTEXT.iterdir()) if path.suffix in ("", ".conf"))
    tag = f"basalt/test-host:{hashlib.sha256(base.encode() + content).hexdigest()[:12]}"
    if not client.images.list(tag):
        client.images.build(path=str(_CONTEXT), tag=tag, buildargs={"BASE": base}, rm=True, forcerm=True)
    return tag


@contextmanager
def _network(client: DockerClient) -> Iterator[Network]:
    ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=NETWORK)])
    network = client.networks.create("basalt-test-lab", ipam=ipam, labels=LABELS)
    try:
        yield network
    finally:
        network.remove()


@contextmanager
def _machine(client: DockerClient, image: str, network: Network, name: str, address: str) -> Iterator[Machine]:
    # Its own, so that it has it again after a boot.
    place = EndpointConfig(client.api.api_version, ipv4_address=address)
    container = client.containers.create(
        image,
        name=f"basalt-test-{name}",
        hostname=name,
        labels=LABELS,
        network=network.name,
        networking_config={str(network.name): place},
        cap_add=_CAPABILITIES,
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        tmpfs={"/run": "", "/run/lock": "", "/tmp": "exec"},  # noqa: S108  the container's own
        # An engine within stacks file systems, which cannot be done on one that is stacked itself.
        volumes=["/sys/fs/cgroup:/sys/fs/cgroup:rw", "/var/lib/docker", "/var/lib/containerd"],
        # The devices of its containers are its own to give; loop devices are those that a test has made.
        device_cgroup_rules=["a *:* rwm"],
        cgroupns="host",
        mem_limit="1g",
        # It boots when systemd ends.
        restart_policy={"Name": "always"},
    )
    try:
        container.start()
        yield Machine(container, address)
    finally:
        container.remove(force=True, v=True)


def _let_in(machine: Machine, operator: Operator) -> None:
    """Puts the operator's key where an installer puts it."""
    content = operator.key.with_suffix(".pub").read_bytes()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        folder = tarfile.TarInfo(".ssh")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        tar.addfile(folder)
        file = tarfile.TarInfo(".ssh/authorized_keys")
        file.size, file.mode = len(content), 0o600
        tar.addfile(file, io.BytesIO(content))
    assert machine.container.put_archive("/root", archive.getvalue())
