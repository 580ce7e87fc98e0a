"""Lets containers that observe this machine see disks that are mounted while they run.

They do only where `/` is a shared mount (Linux, Documentation/filesystems/sharedsubtree.rst); where it is not, the
engine refuses to start them. A service manager shares it at boot; without one it is private, as the kernel made it."""

from pathlib import Path

from tools.setup.docker_engine import PIDFILE
from tools.setup.step import Log, Step

#: Of an engine on this machine, whoever started it.
PIDFILES = (PIDFILE, Path("/run/docker.pid"))

_PROC = Path("/proc")


class HostMounts(Step):
    name = "host mounts"
    needs = ("docker engine",)
    remedy = "as root: mount --make-rshared /"

    def check(self) -> str | None:
        if not any(map(_is_beside_us, PIDFILES)):
            return "a matter of the engine's own machine"
        return "shared with containers" if is_shared((_PROC / "self" / "mountinfo").read_text()) else None

    def make(self, log: Log) -> str:
        log.run(["mount", "--make-rshared", "/"])
        return "shared with containers"


def is_shared(mountinfo: str) -> bool:
    """By proc(5)'s mountinfo, whose optional fields stand before the dash. Of several mounts on `/` the last counts."""
    roots = [fields for fields in map(str.split, mountinfo.splitlines()) if fields[4] == "/"]
    return any(field.startswith("shared:") for field in roots[-1][6 : roots[-1].index("-")])


def _is_beside_us(pidfile: Path) -> bool:
    """Whether this daemon runs in our own mount namespace: the `/` of another one is not ours to change."""
    try:
        daemon = _PROC / pidfile.read_text().strip() / "ns" / "mnt"
        return daemon.readlink() == (_PROC / "self" / "ns" / "mnt").readlink()
    except OSError:
        return False
