"""`basalt down` that an engine does not let end."""

from types import SimpleNamespace
from typing import Any

import pytest

from basalt.operations import up
from basalt.operations.objects import Objects
from basalt.operations.pulumi import PulumiError
from basalt.targets.docker.engine import EngineError

NETWORK: Any = SimpleNamespace(name="dev", attrs={"Containers": {}}, reload=lambda: None)
THEIRS: Any = SimpleNamespace(name="dev", attrs={"Containers": {"1": {}}}, reload=lambda: None)
CONTAINER: Any = SimpleNamespace(name="dev-etcd-1")


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> dict[str, Objects]:
    """A `pulumi destroy` that fails; `left` is what the engines then have."""
    told = {"left": Objects((), (), ())}

    def fails(*_: str, **__: object) -> None:
        raise PulumiError("`pulumi destroy` ended with 1")

    monkeypatch.setattr(up, "load_stack", lambda *_: None)
    monkeypatch.setattr(up, "recover", lambda *_: None)
    monkeypatch.setattr("basalt.operations.local_state.mend", lambda: None)
    monkeypatch.setattr("basalt.operations.pulumi.select", lambda _: None)
    monkeypatch.setattr("basalt.operations.pulumi.run", fails)
    monkeypatch.setattr("basalt.operations.objects.find", lambda _: told["left"])
    return told


def test_a_network_that_its_engine_keeps_for_nobody_has_a_remedy(left: dict[str, Objects]) -> None:
    left["left"] = Objects((), (NETWORK,), ())
    with pytest.raises(
        PulumiError, match=r"ended with 1\. No container is left on network dev, .*: restart the Docker"
    ):
        up.down("dev", print, data=False, orphans=False)


@pytest.mark.parametrize(
    "found", [Objects((CONTAINER,), (NETWORK,), ()), Objects((), (THEIRS,), ()), Objects((), (), ())]
)
def test_another_failure_is_told_as_it_is(left: dict[str, Objects], found: Objects) -> None:
    left["left"] = found
    with pytest.raises(PulumiError, match=r"ended with 1$"):
        up.down("dev", print, data=False, orphans=False)


@pytest.mark.usefixtures("left")
def test_an_engine_that_says_nothing_hides_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: object) -> Objects:
        raise EngineError("no answer")

    monkeypatch.setattr("basalt.operations.objects.find", silent)
    with pytest.raises(PulumiError, match=r"ended with 1$"):
        up.down("dev", print, data=False, orphans=False)
