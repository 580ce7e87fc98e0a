"""What an `up` that was interrupted did not come to holds nobody up, on a real engine."""

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from docker.types import Healthcheck

from basalt.targets.docker import volume
from basalt.targets.docker.digest import RESTART_LABEL, encode, restart_digest
from basalt.targets.docker.gates import _HealthyProvider
from basalt.targets.docker.waiting import GateError
from tools.setup import base_image

pytestmark = pytest.mark.live

ENGINE = {"url": "unix:///var/run/docker.sock", "certificates": ""}
GONE = "basalt-was-never-made"
NO_FILES = encode({})
_SECOND = 1_000_000_000


@pytest.fixture
def pair() -> Iterator[tuple[Container, Container]]:
    """Two that run; the first is never healthy."""
    client = docker.from_env()
    probe = Healthcheck(test=["CMD", "false"], interval=60 * _SECOND, timeout=2 * _SECOND, retries=1)
    with ExitStack() as ends:
        made = []
        for number in (1, 2):
            name = f"basalt-interrupted-{uuid.uuid4().hex[:8]}-{number}"
            one = client.containers.create(
                base_image.name(),
                ["sleep", "120"],
                name=name,
                network_mode="none",
                healthcheck=probe,
                labels={RESTART_LABEL: restart_digest(NO_FILES, ())},
            )
            ends.callback(one.remove, force=True)
            one.start()
            made.append(one)
        yield made[0], made[1]


def gate(of: Container, before: list[str]) -> dict[str, Any]:
    """The properties of a gate between `of` and those that are replaced after it."""
    return {
        "containers": json.dumps([{"name": of.name, "id": of.id, "engine": ENGINE}]),
        "before": json.dumps([{"name": name, "engine": ENGINE} for name in before]) if before else "",
        "on_create": False,
        "seconds": 1,
    }


def test_nobody_waits_before_those_that_are_missing(pair: tuple[Container, Container]) -> None:
    sick, stopped = pair
    stopped.stop(timeout=0)
    _HealthyProvider().update("gate", {}, gate(sick, [GONE, str(stopped.name)]))


def test_who_runs_is_not_replaced_before_the_others_are_well(pair: tuple[Container, Container]) -> None:
    sick, running = pair
    for before in ([GONE, str(running.name)], []):
        with pytest.raises(GateError, match=f"{sick.name} is not healthy after 1 s"):
            _HealthyProvider().update("gate", {}, gate(sick, before))


def tell(container: str, command: str) -> None:
    """Of new files, all of which it takes up while it runs."""
    reload = {"container": container, "signal": "", "command": ["sh", "-c", command], "files": []}
    volume.reload({"engine": ENGINE, "image": base_image.name(), "files": NO_FILES, "reload": reload})


def test_who_is_missing_is_told_nothing() -> None:
    tell(GONE, "exit 1")


def test_who_runs_is_told(pair: tuple[Container, Container]) -> None:
    with pytest.raises(RuntimeError, match="reload ended with 7: of new files"):
        tell(str(pair[0].name), "echo of new files; exit 7")
