"""What somebody else has is told before anything is made, on a real engine."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import docker
import pytest
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool

from basalt.plan import Plan, plan
from basalt.targets.docker.preflight import _PreflightProvider
from basalt.targets.docker.wanted import wanted
from basalt.topology.load import load_stack
from tools.setup import base_image

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent.parent
NETWORK = IPv4Network("198.19.240.0/20")
PORT = 27443


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The topology of `test` under another name, with a network and a port that no other stack has."""
    folder = tmp_path_factory.mktemp("preflight")
    text = (ROOT / "stacks" / "Pulumi.test.yaml").read_text()
    (folder / "stacks").mkdir()
    changed = text.replace("198.19.0.0/20", str(NETWORK)).replace("17443", str(PORT))
    (folder / "stacks" / "Pulumi.preflight.yaml").write_text(changed)
    return plan(load_stack(folder, "preflight"))


@pytest.fixture
def network() -> Iterator[Network]:
    """Somebody's network, in the midst of the stack's."""
    pool = IPAMConfig(pool_configs=[IPAMPool(subnet="198.19.241.0/24")])
    made = docker.from_env().networks.create("basalt-preflight", ipam=pool)
    yield made
    made.remove()


def test_a_network_of_others_is_told(planned: Plan, network: Network) -> None:
    told = f"network: {NETWORK} overlaps 198.19.241.0/24 of network {network.name} on local; declare another"
    with pytest.raises(RuntimeError, match=f"(?s)^nothing was changed:.*{told}"):
        _PreflightProvider().create(wanted(planned))
    assert _PreflightProvider().read("preflight", wanted(planned)).id is None


def test_a_port_of_others_is_told(planned: Plan) -> None:
    client = docker.from_env()
    image, ports = base_image.name(), {"80/tcp": ("127.0.0.1", PORT)}
    container = client.containers.run(image, ["sleep", "60"], name="basalt-preflight", ports=ports, detach=True)
    try:
        with pytest.raises(RuntimeError, match=f"port {PORT} of local is taken by container basalt-preflight"):
            _PreflightProvider().update("preflight", {}, wanted(planned))
    finally:
        container.remove(force=True)


def test_engines_are_asked_again_when_something_else_is_wanted(planned: Plan) -> None:
    before = wanted(planned)
    assert before["hosts"]["local"]["ports"][str(PORT)] == "nginx"
    assert not _PreflightProvider().diff("preflight", {**before, "more": 1}, before).changes
    assert _PreflightProvider().diff("preflight", {**before, "plan": "another"}, before).changes
    other = {**before, "hosts": {"local": {**before["hosts"]["local"], "images": ["basalt/app:new"]}}}
    assert _PreflightProvider().diff("preflight", before, other).changes
