"""An S3 server of the tests' own: versitygw (github.com/versity/versitygw), built from its pinned module."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

from basalt.targets.certificates import make_authority, make_leaf
from tests.waiting import until
from tools.setup import base_image, binaries, go_toolchain, paths, pins
from tools.setup.step import Log

BUCKET = "copies"
_MODULE = Path(__file__).parent
_SERVE = """mkdir -p /srv/{bucket} && exec /opt/s3/versitygw --port {address}:{port} --quiet \
  --cert /opt/tls/tls.crt --key /opt/tls/tls.key posix /srv"""


@dataclass(frozen=True)
class Door:
    """Where it listens, and as which `host` it is asked for."""

    address: str
    port: int
    host: str


#: Within one container's network, where `host` has to lead to itself.
INSIDE = Door("127.0.0.1", 7070, "s3.basalt.test")


def beside(port: int) -> Door:
    """On the engine's own host, where containers of every network reach it and nobody else does."""
    gateway = str(docker.from_env().networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"])
    return Door(gateway, port, gateway)


@dataclass(frozen=True)
class Bucket:
    """A bucket `BUCKET` in a container; `authority` (PEM) vouches for the door's host."""

    container: Container
    door: Door
    authority: str
    key: str
    secret: str

    @property
    def block(self) -> dict[str, str]:
        """`services.backup.s3`; the operator's secret `bucket` is `secret`."""
        return {
            "endpoint": f"{self.door.host}:{self.door.port}",
            "bucket": BUCKET,
            "style": "path",
            "key": self.key,
            "secret": "bucket",
            "authority": self.authority,
        }

    def begin(self) -> None:
        """It serves, also again after it was stopped; what it holds stays."""
        self.container.start()
        probe = ["bash", "-c", f"exec 3<> /dev/tcp/{self.door.address}/{self.door.port}"]
        until(lambda: self.container.exec_run(probe).exit_code == 0, "the S3 server", 120)

    def end(self) -> None:
        """Nobody reaches it any more."""
        self.container.kill()

    def run(self, script: str) -> str:
        """What a script prints, in the folder of the bucket. AssertionError when it fails."""
        code, output = self.container.exec_run(["bash", "-ec", script], workdir=f"/srv/{BUCKET}")
        assert code == 0, bytes(output).decode(errors="replace")  # type: ignore[arg-type]
        return bytes(output).decode()  # type: ignore[arg-type]


def binary() -> Path:
    """The server, built here where it was not yet: a minute."""
    key = "versitygw-" + pins.key([_MODULE / "go.mod", _MODULE / "go.sum"])
    log = Log(paths.LOCAL / "logs" / "versitygw.log")
    package = "github.com/versity/versitygw/cmd/versitygw"
    made = binaries.publish(key, lambda aside: go_toolchain.build(log, _MODULE, package, aside / "versitygw", ""))
    return made / "versitygw"


@contextmanager
def bucket(folder: Path, name: str, door: Door, **options: Any) -> Iterator[Bucket]:
    """An empty one; `folder` for its certificate, `options` of its container. Removed afterwards."""
    authority = make_authority("S3 of a test")
    leaf = make_leaf([door.host], 2, authority["certificate"], authority["key"])
    (folder / "tls.crt").write_text(leaf["certificate"])
    (folder / "tls.key").write_text(leaf["key"])
    key, secret = "tester", secrets.token_hex(20)
    container = docker.from_env().containers.create(
        base_image.name(),
        ["bash", "-ec", _SERVE.format(bucket=BUCKET, address=door.address, port=door.port)],
        name=name,
        labels={"basalt.lab": "test"},
        environment={"ROOT_ACCESS_KEY": key, "ROOT_SECRET_KEY": secret},
        volumes={
            str(binary().parent): {"bind": "/opt/s3", "mode": "ro"},
            str(folder): {"bind": "/opt/tls", "mode": "ro"},
        },
        init=True,
        **options,
    )
    try:
        made = Bucket(container, door, authority["certificate"], key, secret)
        made.begin()
        yield made
    finally:
        container.remove(force=True, v=True)
