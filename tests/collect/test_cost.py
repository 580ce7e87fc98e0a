"""What a stack costs, before it is deployed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from basalt.cli import app
from basalt.collect.cost import Estimate, estimate
from basalt.collect.prices import Machine, PriceError, PriceList, price_list, providers, read
from basalt.topology.load import load_stack
from tests.stacks import THREE_HOSTS, topology

DATA = Path(__file__).parent / "data"

#: Two machine types that are cheap to reckon with.
PRICES = PriceList(
    provider="lab",
    source="https://prices.example.com",
    read="2026-11-21",  # type: ignore[arg-type]  # as YAML's text
    currency="USD",
    unit="month",
    storage_gb=0.5,
    traffic_gb=0.25,
    traffic_pooled=False,
    machines={
        "small": Machine(cores=8, memory_gb=16, disk_gb=100, traffic_gb=1000, price=10, cpu="shared"),
        "large": Machine(cores=16, memory_gb=32, disk_gb=200, traffic_gb=2000, price=40, cpu="dedicated"),
    },
)


def known(stack: str, provider: str) -> float:
    return estimate(load_stack(DATA, stack), price_list(provider)).total


def lab(prices: PriceList = PRICES, /, **changes: Any) -> dict[str, tuple[str, float]]:
    made = estimate(topology(THREE_HOSTS, **changes), prices)
    return {item.what: (item.how, item.month) for item in made.items}


@pytest.mark.parametrize(("stack", "dollars"), [("users-10k", 175), ("users-1m", 1450)])
def test_the_known_totals_come_out_within_a_fifth_on_digitaloceans_list(stack: str, dollars: float) -> None:
    assert known(stack, "digitalocean") == pytest.approx(dollars, rel=0.2)


def test_the_documented_totals_are_what_the_lists_give() -> None:
    found = {(p, s): round(known(s, p)) for p in providers() for s in ("users-10k", "users-1m")}
    assert found == {
        ("aws", "users-10k"): 492,
        ("aws", "users-1m"): 3384,
        ("digitalocean", "users-10k"): 180,
        ("digitalocean", "users-1m"): 1380,
        ("hetzner", "users-10k"): 133,
        ("hetzner", "users-1m"): 788,
    }


def test_a_host_gets_the_cheapest_machine_that_has_its_cores_and_memory() -> None:
    found = lab(**{"hosts__data-2__cores": 9, "hosts__data-3__memory_gb": 17})
    assert found == {"data-1": ("small", 10), "data-2": ("large", 40), "data-3": ("large", 40)}


def test_declared_disk_is_bought_where_the_machine_has_too_little() -> None:
    found = lab(**{"hosts__data-1__disk_gb": 120, "hosts__data-2__disk_gb": 100})
    assert found["data-1: disk"] == ("20 GB of volumes", 10.0)
    assert "data-2: disk" not in found


def test_a_dearer_machine_is_taken_when_its_disk_saves_more() -> None:
    found = lab(**{"hosts__data-1__disk_gb": 200})
    assert found["data-1"] == ("large", 40.0)
    assert "data-1: disk" not in found


def test_traffic_beyond_the_allowance_is_counted_for_each_machine_or_for_all() -> None:
    traffic = {"hosts__data-1__traffic_gb": 1400, "hosts__data-2__traffic_gb": 0}
    assert lab(**traffic)["data-1: traffic"] == ("400 GB beyond what is included", 100)
    pooled = PRICES.model_copy(update={"traffic_pooled": True})
    assert not [what for what in lab(pooled, **traffic) if "traffic" in what]
    assert lab(pooled, **{**traffic, "hosts__data-2__traffic_gb": 2000})["all: traffic"][1] == 100


def test_an_hourly_price_is_a_month_of_730_hours() -> None:
    hourly = PRICES.model_copy(update={"unit": "hour"})
    assert lab(hourly)["data-1"] == ("small", 7300)


def test_dedicated_leaves_out_shared_cores() -> None:
    made = estimate(topology(THREE_HOSTS), PRICES, dedicated=True)
    assert {item.how for item in made.items} == {"large"}
    assert made.total == 120


def test_a_host_that_no_machine_can_hold_is_told_with_path_and_remedy() -> None:
    with pytest.raises(PriceError) as caught:
        lab(**{"hosts__data-2__memory_gb": 64})
    assert str(caught.value).startswith("hosts.data-2: '8 cores, 64 GB': lab has no machine type for it")
    assert "the largest has 16 cores and 32 GB; use more hosts" in str(caught.value)


def test_what_is_not_counted_is_said() -> None:
    silent = estimate(topology(THREE_HOSTS, **{"hosts__data-1__disk_gb": 10}), PRICES).not_counted
    assert "disk beyond the machine's own of data-2, data-3: declare hosts.<name>.disk_gb" in silent
    told = estimate(load_stack(DATA, "users-1m"), price_list("aws")).not_counted
    assert not [line for line in told if "declare" in line]


def test_an_unknown_provider_is_told_those_there_are() -> None:
    with pytest.raises(PriceError, match="'azure': no price list; there are: aws, digitalocean, hetzner"):
        price_list("azure")


@pytest.mark.parametrize("provider", providers())
def test_every_price_list_names_its_source_and_grows_with_size(provider: str) -> None:
    prices = price_list(provider)
    assert prices.source.startswith("https://")
    for small in prices.machines.values():
        for large in prices.machines.values():
            more = large.cores > small.cores and large.memory_gb > small.memory_gb and large.cpu == small.cpu
            assert not more or large.price > small.price, "a slip of the pen"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("price: 4.85, ", r"lab\.yml: machines\.small\.price: required; add it"),
        ("storage_gb: 0.05\n", r"lab\.yml: storage_gb: required; add it"),
        ("currency: USD", r"lab\.yml: currency: required"),
    ],
)
def test_a_list_that_lacks_a_price_is_refused_with_its_place(wrong: str, told: str, tmp_path: Path) -> None:
    text = (
        "source: https://prices.example.com\nread: 2026-11-21\ncurrency: USD\nunit: month\nstorage_gb: 0.05\n"
        "traffic_gb: 0.01\ntraffic_pooled: false\n"
        "machines: {small: {cores: 2, memory_gb: 4, price: 4.85, cpu: shared}}\n"
    )
    path = tmp_path / "lab.yml"
    path.write_text(text)
    assert read(path).machines["small"].price == 4.85
    path.write_text(text.replace(wrong, ""))
    with pytest.raises(PriceError, match=told):
        read(path)


def test_a_list_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab.yml").write_text("machines: {")
    with pytest.raises(PriceError, match=r"(?s)lab\.yml: .*correct the YAML"):
        read(tmp_path / "lab.yml")


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["cost", "--stack", "staging", *arguments])
    return done.exit_code, done.output


def test_the_command_shows_the_bill_of_one_provider_or_compares_all() -> None:
    code, shown = command("--provider", "digitalocean")
    assert code == 0
    assert "168.00" in shown
    assert "s-2vcpu-4gb" in shown
    assert "not counted: taxes" in shown
    code, shown = command()
    assert code == 0
    assert all(provider in shown for provider in providers())


def test_the_command_tells_programs_the_same() -> None:
    code, shown = command("--provider", "hetzner", "--json")
    assert code == 0
    (told,) = json.loads(shown)
    made: Estimate = estimate(load_stack(Path(__file__).parent.parent.parent, "staging"), price_list("hetzner"))
    assert told["total"] == made.total == pytest.approx(sum(item["month"] for item in told["items"]))


def test_the_command_ends_with_the_error_and_no_traceback() -> None:
    code, shown = command("--provider", "azure")
    assert code == 1
    assert "there are: aws, digitalocean, hetzner" in shown
