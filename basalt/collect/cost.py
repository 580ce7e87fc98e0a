"""Topology + price list -> what its hosts cost in a month. Pure.

A host is matched to the cheapest machine type that has its cores and memory; disk and traffic count where the stack
file declares them. It is an estimate from list prices: `not_counted` says what is missing.

The two totals known from production (150 to 200 $ at 10,000 users, about 1,450 $ at a million) were given without their
hosts. The plausible stacks in tests/collect/data come within 20 % of them on DigitalOcean's list with shared cores (180
and 1,380 $). On Hetzner's they cost 133 and 788 EUR, on AWS's on demand 492 and 3,384 $, a good part of it traffic.
"""

from dataclasses import dataclass

from basalt.collect.prices import Machine, PriceError, PriceList
from basalt.topology.model import Host, Topology
from basalt.topology.problem import Problem

#: What no stack file says.
_NEVER_COUNTED = ("taxes, support, discounts for a commitment", "public addresses, load balancers, snapshots, DNS")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill."""

    what: str
    how: str
    month: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month's bill at one provider. `source` and `read` tell where its prices are from, and of which day."""

    provider: str
    currency: str
    source: str
    read: str
    items: tuple[Item, ...]
    not_counted: tuple[str, ...]

    @property
    def total(self) -> float:
        """All items."""
        return round(sum(item.month for item in self.items), 2)


def estimate(topology: Topology, prices: PriceList, *, dedicated: bool = False) -> Estimate:
    """The bill. `dedicated` leaves out machine types that share their cores. Raises PriceError for a host that no
    machine type can hold."""
    chosen = {name: _machine(name, host, prices, dedicated=dedicated) for name, host in topology.hosts.items()}
    items = [Item(name, machine, round(prices.month(prices.machines[machine]), 2)) for name, machine in chosen.items()]
    items += _storage(topology, prices, chosen) + _traffic(topology, prices, chosen)
    origin = (prices.provider, prices.currency, prices.source, prices.read.isoformat())
    return Estimate(*origin, tuple(items), _not_counted(topology))


def _machine(name: str, host: Host, prices: PriceList, *, dedicated: bool) -> str:
    allowed = {key: m for key, m in prices.machines.items() if m.cpu == "dedicated" or not dedicated}
    fitting = [key for key, m in allowed.items() if m.cores >= host.cores and m.memory_gb >= host.memory_gb]
    if fitting:
        # With its disk: a dearer machine that brings it may cost less than a volume.
        return min(fitting, key=lambda key: (prices.month(allowed[key]) + _disk(host, allowed[key], prices), key))
    most = max(allowed.values(), key=lambda machine: (machine.cores, machine.memory_gb))
    wanted = f"{host.cores} cores, {host.memory_gb:g} GB"
    largest = f"the largest has {most.cores} cores and {most.memory_gb:g} GB"
    remedy = f"{prices.provider} has no machine type for it, {largest}; use more hosts, or name another --provider"
    raise PriceError(str(Problem(f"hosts.{name}", wanted, remedy)))


def _disk(host: Host, machine: Machine, prices: PriceList) -> float:
    return max(0, (host.disk_gb or 0) - machine.disk_gb) * prices.storage_gb


def _storage(topology: Topology, prices: PriceList, chosen: dict[str, str]) -> list[Item]:
    found = []
    for name, host in topology.hosts.items():
        machine = prices.machines[chosen[name]]
        month = round(_disk(host, machine, prices), 2)
        if month:
            found.append(Item(f"{name}: disk", f"{(host.disk_gb or 0) - machine.disk_gb} GB of volumes", month))
    return found


def _traffic(topology: Topology, prices: PriceList, chosen: dict[str, str]) -> list[Item]:
    sent = {name: host.traffic_gb or 0 for name, host in topology.hosts.items()}
    allowed = {name: prices.machines[machine].traffic_gb for name, machine in chosen.items()}
    if prices.traffic_pooled:
        sent, allowed = {"all": sum(sent.values())}, {"all": sum(allowed.values())}
    beyond = {name: sent[name] - allowed[name] for name in sent if sent[name] > allowed[name]}
    return [
        Item(f"{name}: traffic", f"{gb} GB beyond what is included", round(gb * prices.traffic_gb, 2))
        for name, gb in beyond.items()
    ]


def _not_counted(topology: Topology) -> tuple[str, ...]:
    found = []
    for key, what in (("disk_gb", "disk beyond the machine's own"), ("traffic_gb", "traffic to the internet")):
        silent = [name for name, host in topology.hosts.items() if getattr(host, key) is None]
        if silent:
            found.append(f"{what} of {', '.join(silent)}: declare hosts.<name>.{key}")
    return (*found, *_NEVER_COUNTED)
