"""A kernel is asked for what stands on its host needs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basalt.collect.inventory import inventory
from basalt.collect.kernel import kernel
from basalt.plan import survey
from basalt.topology.load import load_stack
from basalt.workload import Tier

ROOT = Path(__file__).parent.parent.parent
STACKS = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("stacks/Pulumi.*.yaml"))
MIB = 1024 * 1024


@given(st.integers(64, 8 * MIB), st.sets(st.sampled_from(list(Tier))))
def test_writing_begins_before_anybody_waits_for_it_and_no_second_s_worth_piles_up(memory: int, on: set[Tier]) -> None:
    found = kernel(memory, on)
    assert found["vm.dirty_background_bytes"] * 4 == found["vm.dirty_bytes"]
    assert 128 * MIB <= found["vm.dirty_bytes"] <= 512 * MIB


def test_the_reference_host_has_the_figures_of_its_peers() -> None:
    found = kernel(16 * 1024, {Tier.DATA})
    assert (found["vm.dirty_bytes"], found["vm.swappiness"]) == (512 * MIB, 1)


def test_a_fork_for_a_snapshot_is_never_refused() -> None:
    assert all(kernel(memory, set())["vm.overcommit_memory"] == 1 for memory in (1024, 16 * 1024))


@pytest.mark.parametrize("stack", STACKS)
def test_what_holds_state_is_kept_off_the_swap_device(stack: str) -> None:
    topology = load_stack(ROOT, stack)
    hosts = inventory(topology).hosts
    holding = {i.host for i in survey(topology).instances if i.workload.tier is Tier.DATA}
    assert {name for name in topology.hosts if hosts[name]["basalt_kernel"]["vm.swappiness"] == 1} == holding


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_is_asked_for_that_a_network_namespace_has_of_its_own(stack: str) -> None:
    """Nor what Docker sets: it forwards for its containers."""
    topology = load_stack(ROOT, stack)
    asked = {key for name in topology.hosts for key in inventory(topology).hosts[name]["basalt_kernel"]}
    assert {key.partition(".")[0] for key in asked} == {"vm"}
