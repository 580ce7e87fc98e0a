"""Who counts as well, on a real engine."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress

import docker
import pytest
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import Healthcheck

from basalt.targets.docker.gates import _SettledProvider
from basalt.targets.docker.health import well
from basalt.targets.docker.waiting import GateError, wait_healthy
from tests.waiting import until
from tools.setup import base_image

pytestmark = pytest.mark.live

Start = Callable[..., Container]
_SECOND = 1_000_000_000


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a container with a probe (a line of sh) that the engine looks at every so many seconds."""
    client = docker.from_env()
    made: list[Container] = []

    def begin(probe: str, interval: int, timeout: int = 20) -> Container:
        command = ["CMD", "sh", "-c", probe]
        look = Healthcheck(test=command, interval=interval * _SECOND, timeout=timeout * _SECOND, retries=1)
        name = f"basalt-health-{uuid.uuid4().hex[:8]}"
        container = client.containers.create(
            base_image.name(), ["sleep", "120"], name=name, network_mode="none", healthcheck=look
        )
        made.append(container)
        container.start()
        container.reload()
        return container

    yield begin
    for container in made:
        with suppress(NotFound):  # a test may have removed it
            container.remove(force=True)


def engine_says(container: Container) -> str:
    container.reload()
    return str(container.attrs["State"]["Health"]["Status"])


def test_who_was_not_looked_at_yet_is_asked_now(start: Start) -> None:
    container = start("true", 60)
    assert engine_says(container) == "starting"
    assert well(container)


def test_who_does_not_answer_yet_is_not_well(start: Start) -> None:
    assert not well(start("false", 60))


def test_a_probe_that_hangs_ends_the_look_and_not_the_wait(start: Start) -> None:
    assert not well(start("sleep 100", 60, 2))


def test_a_probe_that_hangs_is_not_started_again_by_who_waits(start: Start) -> None:
    container = start("sleep 100", 60, 2)
    engine = {"url": "unix:///var/run/docker.sock", "certificates": ""}
    with pytest.raises(GateError, match="is not healthy after 6 s"):
        wait_healthy(engine, [str(container.name)], 6)
    running = [command for _, command in container.top(ps_args="-eo pid,args")["Processes"]]
    assert running.count("sleep 100") == 1, running


def test_who_is_looked_at_soon_is_left_to_the_engine(start: Start) -> None:
    container = start("true", 5)
    assert not well(container, 5), "the engine has not looked yet"
    assert until(lambda: engine_says(container) == "healthy", "a look of the engine's", 30)
    assert well(container, 5)


def test_what_the_engine_saw_counts(start: Start) -> None:
    container = start("false", 1)
    assert until(lambda: engine_says(container) == "unhealthy", "a look of the engine's", 30)
    assert not well(container)


def test_who_answers_again_is_well_at_once(start: Start) -> None:
    container = start("test -e /tmp/mended", 8)
    assert until(lambda: engine_says(container) == "unhealthy", "a look of the engine's", 60)
    assert not well(container)
    container.exec_run(["touch", "/tmp/mended"])  # noqa: S108  the container's own
    assert well(container)


def test_who_has_stopped_is_not_well(start: Start) -> None:
    container = start("true", 60)
    container.kill()
    container.wait(timeout=30)
    assert not well(container), "what is known of it still says that it runs"
    container.reload()
    assert not well(container)


def test_who_is_gone_is_not_well(start: Start) -> None:
    container = start("true", 60)
    container.remove(force=True)
    assert not well(container), "what is known of it still says that it runs"


@pytest.mark.parametrize(("printed", "runs"), [("changed\nnobody follows", False), ("nobody follows\nchanged", True)])
def test_what_follows_a_task_is_left_out_where_it_says_so_last(printed: str, *, runs: bool) -> None:
    """The command would fail: there is no such option."""
    name = f"basalt-task-{uuid.uuid4().hex[:8]}"
    client = docker.from_env()
    container = client.containers.create(base_image.name(), ["printf", printed], name=name, network_mode="none")
    task = {"name": name, "engine": {"url": "unix:///var/run/docker.sock", "certificates": ""}}
    props = {"stack": "dev", "command": ["plan", "--nope"], "task": task, "unless": "nobody follows", "seconds": 0}
    try:
        container.start()
        container.wait(timeout=30)
        with pytest.raises(RuntimeError, match="No such option") if runs else nullcontext():
            _SettledProvider().create(props)
    finally:
        container.remove(force=True)
