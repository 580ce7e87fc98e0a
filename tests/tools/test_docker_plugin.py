"""The Docker plugin that set-up builds, with the engine and the language host that set-up builds, on a real engine."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tools.setup import base_image, environment, go_toolchain, pins, pulumi_parts

pytestmark = pytest.mark.live

PROGRAM = Path(__file__).parent / "program"


@dataclass
class Probe:
    """One stack of the program; each `up` says what differs from the program's defaults."""

    folder: Path
    base: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.base["name"])

    def pulumi(self, *arguments: str, **differs: Any) -> "subprocess.CompletedProcess[str]":
        given = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        own = {
            "PULUMI_BACKEND_URL": f"file://{self.folder}",
            "PULUMI_CONFIG_PASSPHRASE": "probe",
            "PROBE": json.dumps({**self.base, **differs}),
        }
        return subprocess.run(
            ["pulumi", *arguments, "--stack", "probe", "--non-interactive"],
            cwd=self.folder / "program",
            env={**given, **environment.variables(given), **own},
            capture_output=True,
            text=True,
            check=False,
        )

    def up(self, *arguments: str, **differs: Any) -> str:
        done = self.pulumi("up", "--yes", "--skip-preview", *arguments, **differs)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def unchanged(self, **differs: Any) -> None:
        done = self.pulumi("preview", "--diff", "--expect-no-changes", **differs)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout

    @property
    def container(self) -> Container:
        return docker.from_env().containers.get(self.name)


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """Another plugin than the one built here is not ours to test."""
    if "(built)" not in str(pulumi_parts.plugin()):
        pytest.skip("the Docker plugin is the official one")


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    folder = tmp_path_factory.mktemp("probe")
    shutil.copytree(PROGRAM, folder / "program", ignore=shutil.ignore_patterns("__pycache__"))
    number = os.getpid() % 250
    base = {"name": f"basalt-probe-{number}", "subnet": f"198.19.{number}", "port": _free_port()}
    made = Probe(folder, {**base, "image": base_image.name()})
    assert made.pulumi("stack", "init").returncode == 0
    yield made
    done = made.pulumi("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr


def _free_port() -> int:
    """A port that is free, and its successor. Not one that the kernel gives to outgoing connections: it has to be free
    again whenever the container starts anew."""
    for port in range(20000 + os.getpid() % 5000 * 2, 32000, 2):
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port
    raise LookupError("no two free ports")


@pytest.fixture
def standing(probe: Probe) -> Probe:
    """The stack as the program's defaults declare it."""
    probe.up()
    return probe


def test_nothing_that_basalt_declares_changes_by_itself(standing: Probe) -> None:
    standing.unchanged()
    assert standing.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes").returncode == 0
    standing.unchanged()


def test_a_container_is_what_was_declared(standing: Probe) -> None:
    found = standing.container.attrs["HostConfig"]
    assert found["NanoCpus"] == 500_000_000
    assert (found["Memory"], found["MemorySwap"], found["MemoryReservation"]) == (64 << 20, 64 << 20, 32 << 20)
    assert (found["CapDrop"], sorted(found["CapAdd"])) == (["ALL"], ["CHOWN", "NET_BIND_SERVICE"])
    assert (found["ReadonlyRootfs"], found["Init"], found["SecurityOpt"]) == (True, True, ["no-new-privileges"])


def test_files_have_their_permissions_and_owners_also_under_a_read_only_root(standing: Probe) -> None:
    code, output = standing.container.exec_run(["stat", "-c", "%a %u %g", "/etc/files/tls/key", "/etc/files/plain"])
    assert (code, output) == (0, b"400 33 33\n644 0 0\n")


def test_limits_change_in_place(standing: Probe) -> None:
    before = standing.container.id
    standing.up(cpus="0.75", memory=96)
    found = standing.container
    assert found.id == before
    assert (found.attrs["HostConfig"]["NanoCpus"], found.attrs["HostConfig"]["Memory"]) == (750_000_000, 96 << 20)
    standing.unchanged(cpus="0.750", memory=96)


def test_another_health_check_is_another_container(standing: Probe) -> None:
    before = standing.container.id
    standing.up(healthcheck="true && true")
    assert standing.container.id != before


def test_a_stopped_container_is_started_again_and_not_removed(standing: Probe) -> None:
    before = standing.container
    before.stop(timeout=1)
    done = standing.pulumi("refresh", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    assert standing.container.id == before.id
    standing.up()
    assert (standing.container.id, standing.container.status) == (before.id, "running")
    standing.unchanged()


def test_a_container_that_is_gone_is_made_again(standing: Probe) -> None:
    standing.container.remove(force=True, v=True)
    standing.up("--refresh")
    assert standing.container.status == "running"


def test_a_container_that_does_not_get_healthy_fails_with_its_last_words(standing: Probe) -> None:
    done = standing.pulumi("up", "--yes", "--skip-preview", healthcheck="echo the reason; false", wait=10)
    assert done.returncode != 0
    assert "was not healthy after 10s" in done.stdout
    assert "the reason" in done.stdout
    assert "hello" in done.stdout
    standing.up()
    assert standing.container.attrs["State"]["Health"]["Status"] == "healthy"


def test_what_a_killed_update_left_behind_is_made_anew(standing: Probe) -> None:
    client = docker.from_env()
    standing.container.remove(force=True, v=True)
    standing.pulumi("refresh", "--yes", "--skip-preview")
    labels = {"basalt.owner": standing.name}
    left = client.containers.run(
        standing.base["image"], ["sleep", "60"], name=standing.name, labels=labels, init=True, detach=True
    )
    standing.up()
    assert standing.container.id != left.id


def test_a_container_of_somebody_else_is_left_alone(standing: Probe) -> None:
    client = docker.from_env()
    standing.container.remove(force=True, v=True)
    standing.pulumi("refresh", "--yes", "--skip-preview")
    theirs = client.containers.run(standing.base["image"], ["sleep", "60"], name=standing.name, init=True, detach=True)
    done = standing.pulumi("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "is already in use" in done.stdout
    assert standing.container.id == theirs.id
    theirs.remove(force=True, v=True)


def test_a_deleted_container_had_time_to_end(standing: Probe) -> None:
    standing.up(healthcheck="true; true")  # replaces it, the volume stays
    code, _ = standing.container.exec_run(["test", "-f", "/data/bye"])
    assert code == 0


def test_the_plugins_own_tests() -> None:
    found = go_toolchain.find()
    if not found:
        pytest.skip("there is no Go toolchain here")
    subprocess.run(
        [found[0], "test", "./..."],
        cwd=pins.DOCKER_PLUGIN,
        env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"},
        check=True,
    )
