"""A Debian host with a kernel of its own: for what a container cannot show, which is sysctl, what the kernel tells
auditd, a firewall without the container engine's, and a boot.

QEMU translates its processor (`-accel tcg`): it runs wherever the tests do, ten to fifteen times slower. On two busy
cores the first login took 66 to 150 s. Tried, and not taken: KVM hangs in the firmware where the machine is itself a
guest without what nested ones need; User-Mode Linux (Debian's 6.1) is without CONFIG_NF_TABLES_INET, so that a table
of family `inet` is refused. The kernel is loaded by QEMU and not from the disk: there is no boot loader to audit."""

import base64
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.machines import Operator
from tests.waiting import until
from tools.setup import apt, base_image, paths
from tools.setup.step import Log

#: Its own, behind QEMU's translation of addresses (user-mode network).
ADDRESS = "10.0.2.15"
_BOOT_SECONDS = 600
#: What protects from a processor's faults, which a translated one has not, and empties its cache at every system call.
_SPEED = "mitigations=off init_on_alloc=0"
_MEGABYTES = 2048
_COMMANDS = {"qemu-system-x86_64": "qemu-system-x86", "mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs"}
#: What an installer leaves (variant `important`) with sshd; and the programs that audit, so that all scores are taken
#: with the same packages, none of them while the host is measured.
_PACKAGES = [
    "apparmor", "ca-certificates", "dbus", "linux-image-cloud-amd64", "openssh-server", "python3", "python3-apt",
    "sudo", "systemd-sysv", "lynis", "openscap-scanner", "ssg-debian",
]  # fmt: skip
_OPTIONS = [
    "--variant=important", "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg", "--aptopt=Acquire::Retries 3",
    # An installer leaves them too; Ansible trusts in their date.
    "--skip=cleanup/apt/lists",
]  # fmt: skip
_FILES = {
    "etc/fstab": "/dev/vda / ext4 errors=remount-ro 0 1\n",
    "etc/hostname": "node-1\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 node-1.lab node-1\n",
    "etc/network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n",
    "etc/systemd/system/ssh.service.d/00-keys.conf": Path(__file__).with_name("ssh-keys.conf").read_text(),
}


@dataclass(frozen=True)
class VirtualMachine:
    """A running one; root logs in with the operator's key."""

    operator: Operator
    port: int

    @property
    def login(self) -> str:
        """As ssh(1) and the `engine` of a host in a stack file take it."""
        return f"ssh://root@127.0.0.1:{self.port}"

    def run(self, script: str) -> str:
        """What a shell's script prints there. AssertionError with both its streams when it fails."""
        done = self.operator.ssh(self.login, script)
        assert done.returncode == 0, f"{script} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def ran(self, script: str) -> bool:
        """Whether a script ends well there."""
        return self.operator.ssh(self.login, script).returncode == 0

    @property
    def boot(self) -> str:
        """Another one after each boot."""
        return self.run("cat /proc/sys/kernel/random/boot_id")

    def reboot(self) -> None:
        """By its own systemd; ends when it is up again."""
        before = self.boot
        self.operator.ssh(self.login, "systemctl reboot")
        until(lambda: self.boot != before, "another boot", _BOOT_SECONDS, every=2)
        self.wait()

    def wait(self) -> None:
        """Until systemd has started everything. AssertionError naming what failed."""
        look = "systemctl is-system-running --wait; systemctl --failed --plain --no-legend"
        state = until(
            lambda: self.operator.ssh(self.login, look).stdout, "an answer of systemd", _BOOT_SECONDS, every=2
        )
        assert state.split() == ["running"], state


@contextmanager
def virtual_machine(folder: Path, suite: str = base_image.SUITE) -> Iterator[VirtualMachine]:
    """Booted from a fresh disk of a suite of Debian, which goes with it. The operator's files are in `folder`."""
    made = disk(suite)
    operator = Operator(folder)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(operator.key)], check=True)
    port = _free_port()
    console = folder / "console"
    with (folder / "qemu").open("w") as output:
        process = subprocess.Popen(
            _qemu(made, operator, port, console), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        machine = VirtualMachine(operator, port)
        until(lambda: _known(process, operator, port), f"sshd ({console})", _BOOT_SECONDS, every=2)
        machine.wait()
        yield machine
    finally:
        process.kill()
        process.wait()


def _known(process: "subprocess.Popen[bytes]", operator: Operator, port: int) -> bool:
    """Whether sshd has told its key. It comes from the loopback's port that QEMU holds: there is nobody between."""
    if process.poll() is not None:
        raise RuntimeError((operator.folder / "qemu").read_text())
    scanned = ["ssh-keyscan", "-T", "20", "-t", "ed25519", "-p", str(port), "127.0.0.1"]
    told = subprocess.run(scanned, text=True, capture_output=True, check=False).stdout
    operator.known_hosts.write_text(told)
    return bool(told)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _qemu(made: Path, operator: Operator, port: int, console: Path) -> list[str]:
    key = base64.b64encode(operator.key.with_suffix(".pub").read_bytes()).decode()
    # systemd writes the key where sshd looks for it (systemd.system-credentials(7)): the disk need not be changed.
    given = f"systemd.set_credential_binary=ssh.authorized_keys.root:{key}"
    kernel = f"root=/dev/vda rw console=ttyS0 net.ifnames=0 {_SPEED} {given}"
    return [
        # Killed, its parent takes it along.
        "nice", "-n", "5", "setpriv", "--pdeathsig", "KILL",
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(_MEGABYTES),
        "-no-user-config", "-nodefaults", "-display", "none", "-serial", f"file:{console}",
        "-kernel", str(made / "vmlinuz"), "-initrd", str(made / "initrd"), "-append", kernel,
        # What is written goes to a file without a name, which goes with the process.
        "-drive", f"file={made / 'disk'},format=raw,if=virtio,snapshot=on",
        "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", "virtio-net-pci,netdev=net",
        "-device", "virtio-rng-pci",
    ]  # fmt: skip


def disk(suite: str) -> Path:
    """A folder with `disk`, `vmlinuz` and `initrd`; made of packages where there is none (two minutes, as root)."""
    inputs = "\0".join((base_image.sources(suite), *_PACKAGES, *_OPTIONS, *_FILES.values()))
    folder = paths.cache() / "vm" / hashlib.sha256(inputs.encode()).hexdigest()[:12]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        apt.ensure(Log(folder.parent / "log"), _COMMANDS)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as making:
                _make(Path(making), suite, Log(folder.parent / "log"))
                (Path(making) / "made").rename(folder)
    return folder


def _make(place: Path, suite: str, log: Log) -> None:
    root, made = place / "root", place / "made"
    made.mkdir()
    options = [*_OPTIONS, f"--include={','.join(_PACKAGES)}"]
    log.run(["mmdebstrap", *options, suite, str(root), *base_image.sources(suite).splitlines()])
    for name, text in _FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for key in (root / "etc" / "ssh").glob("ssh_host_*"):
        key.unlink()
    for name in ("vmlinuz", "initrd"):
        shutil.copy(next((root / "boot").glob(f"{name}*")), made / name)
    (made / "disk").touch()
    os.truncate(made / "disk", 8 * 1024**3)
    log.run(["mke2fs", "-q", "-t", "ext4", "-d", root, made / "disk"])
