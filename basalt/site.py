"""Where everything is: workloads placed on hosts, with names, addresses and the ports others reach them by. Pure."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from basalt.render import render
from basalt.topology.model import Host, Target, Topology
from basalt.workload import STACK, Answers, Authority, Certificate, Endpoint, Scrape, Workload


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach one instance: a name that its certificate bears, and a port."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@dataclass(frozen=True)
class Instance:
    """One container to be: `workload` number `ordinal` on `host`. `offset` is added to its ports where they share
    the host's address with others that want the same."""

    service: str
    workload: Workload
    ordinal: int
    host: str
    address: str
    offset: int

    @property
    def name(self) -> str:
        """Unique in the stack, and its DNS name."""
        return f"{self.workload.name}-{self.ordinal}"


@dataclass(frozen=True)
class Site:
    """All instances of a topology."""

    topology: Topology
    instances: tuple[Instance, ...]
    _by_workload: dict[str, list[Instance]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for instance in self.instances:
            self._by_workload.setdefault(instance.workload.name, []).append(instance)

    @cached_property
    def several_hosts(self) -> bool:
        """Whether workloads meet across hosts, by the hosts' addresses, instead of inside one engine's network."""
        return self.topology.target is Target.DOCKER and len(self.topology.hosts) > 1

    def of(self, workload: str) -> tuple[Instance, ...]:
        """The instances of a workload, by ordinal; empty when the stack does not have it."""
        return tuple(self._by_workload.get(workload, ()))

    def has(self, endpoint: str) -> bool:
        """Whether the stack offers an endpoint."""
        wanted = Endpoint.parse(endpoint)
        return any(wanted.port in instance.workload.ports for instance in self.of(wanted.workload))

    def addresses(self, endpoint: str, seen_from: Instance) -> tuple[Address, ...]:
        """Every instance behind an endpoint. ValueError when `seen_from` did not declare that it uses it, or when
        nothing offers it: a connection that nobody declared would be cut by the firewall."""
        wanted = Endpoint.parse(endpoint)
        own = seen_from.workload
        routed = own.collects_routes and wanted in self.routed
        if wanted not in own.uses and not routed:
            raise ValueError(f"{own.name} reaches for {endpoint} without declaring it in `uses`")
        if not self.has(endpoint):
            raise ValueError(f"{own.name} uses {endpoint}, which no service of this stack offers")
        return tuple(self.address(instance, wanted.port) for instance in self.of(wanted.workload))

    def address(self, instance: Instance, port: str) -> Address:
        """How others reach one port of an instance."""
        return Address(instance.name, self.outer_port(instance, port))

    def outer_port(self, instance: Instance, port: str) -> int:
        """The port number that others use: on several hosts, instances beside each other must differ."""
        number = instance.workload.ports[port].number
        return number + instance.offset if self.several_hosts else number

    def ip(self, instance: Instance) -> str:
        """What the instance's name resolves to: between hosts, ports of the host lead to it."""
        return str(self.host(instance).address) if self.several_hosts else instance.address

    def host(self, instance: Instance) -> Host:
        """The host that carries an instance."""
        return self.topology.hosts[instance.host]

    def certificate(self, instance: Instance, *more: str, authority: Authority = STACK) -> Certificate:
        """The leaf certificate of an instance: its name, the name shared by all of its workload, the names of those
        who pass its connections through, between hosts their addresses too, and `more`."""
        own = instance.workload.name
        passing = [i for i in self.instances if any(passed.workload == own for passed in i.workload.passes)]
        fronts = dict.fromkeys(name for i in passing for name in (i.workload.name, i.name))
        if self.several_hosts:
            fronts |= dict.fromkeys(self.ip(i) for i in passing)
        return Certificate(authority, (instance.name, own, "localhost", *fronts, *more))

    def reached(self, instance: Instance) -> tuple[Instance, ...]:
        """The instances that this one knows by name: those that it uses. Who scrapes or routes dials numbers, so that
        one replica more is a reload for it."""
        wanted = {endpoint.workload for endpoint in instance.workload.uses}
        return tuple(other for other in self.instances if other.workload.name in wanted and other != instance)

    def dial(self, instance: Instance, port: str) -> str:
        """`host:port` for who collects routes or scrapes: by number on Docker, where a running container learns no
        name that is new. The far end still has to prove its name."""
        host = instance.name if self.topology.target is Target.KUBERNETES else self.ip(instance)
        return f"{host}:{self.outer_port(instance, port)}"

    @cached_property
    def routed(self) -> frozenset[Endpoint]:
        """Every endpoint that a route leads to."""
        workloads = [instance.workload for instance in self.instances]
        return frozenset(Endpoint(workload.name, route.port) for workload in workloads for route in workload.routes)

    def scrapes(self) -> Iterator[tuple[Scrape, Instance]]:
        """Every Prometheus target of the topology."""
        return ((scrape, instance) for instance in self.instances for scrape in instance.workload.scrapes)

    def takes_alerts(self) -> tuple[Instance, ...]:
        """Everyone whom alerts are sent to: members of a cluster tell each other what they have sent."""
        return tuple(instance for instance in self.instances if instance.workload.takes_alerts)

    def answers(self) -> Iterator[tuple[Answers, Instance]]:
        """Everyone who answers questions about metrics."""
        return ((i.workload.answers, i) for i in self.instances if i.workload.answers)

    def used_ports(self, instance: Instance) -> tuple[str, ...]:
        """The ports of an instance that anything else uses: these, and no others, are opened on its host."""
        workload = instance.workload
        asked = {use.port for other in self.instances for use in other.workload.uses if use.workload == workload.name}
        if any(other.workload.collects_routes for other in self.instances):
            asked |= {route.port for route in workload.routes}
        if any(other.workload.collects_scrapes for other in self.instances):
            asked |= {scrape.port for scrape in workload.scrapes} | {workload.probes}
        if any(other.workload.sends_alerts for other in self.instances):
            asked.add(workload.takes_alerts)
        if workload.answers and any(other.workload.asks for other in self.instances):
            asked.add(workload.answers.port)
        return tuple(port for port in workload.ports if port in asked)

    def render(self, template: str, **values: object) -> str:
        """`templates/<template>`; see `basalt.render`."""
        return render(template, **values)


def place(topology: Topology, workloads: Iterable[tuple[str, Workload]]) -> Site:
    """Puts every workload's instances on hosts: zone by zone, then on the emptiest host. `workloads` are pairs of
    service name and workload. The same topology always gives the same site. ValueError when two services call a
    workload by the same name: an endpoint would mean both."""
    chosen: dict[str, list[str]] = {}
    load: Counter[str] = Counter()
    placed: list[tuple[str, Workload, int, str]] = []
    pairs = sorted(workloads, key=lambda pair: pair[1].beside is not None)
    for service, workload in pairs:
        if workload.name in chosen:
            raise ValueError(f"two services have a workload {workload.name}; one of them is {service}")
        chosen[workload.name] = _hosts_for(workload, topology, chosen, load)
        load.update(chosen[workload.name])
        placed += [(service, workload, number, host) for number, host in enumerate(chosen[workload.name], 1)]
    addresses = _addresses(topology, [f"{workload.name}-{number}" for _, workload, number, _ in placed])
    taken = {(host, publish.number): w.name for _, w, _, host in placed for publish in w.publish}
    instances: dict[str, list[Instance]] = defaultdict(list)
    for service, workload, number, host in placed:
        name = f"{workload.name}-{number}"
        offset = _offset(workload, host, taken)
        taken |= {(host, port.number + offset): "" for port in workload.ports.values()}
        instances[service].append(Instance(service, workload, number, host, addresses[name], offset))
    return Site(topology, tuple(instance for service in sorted(instances) for instance in instances[service]))


def _offset(workload: Workload, host: str, taken: dict[tuple[str, int], str]) -> int:
    """The smallest that gives every port of the workload a number which is free on the host. `taken` names who
    publishes a number: a workload may publish a port under its own."""
    numbers = [port.number for port in workload.ports.values()]
    free = (workload.name, None)
    return next(offset for offset in count() if all(taken.get((host, n + offset)) in free for n in numbers))


def _hosts_for(workload: Workload, topology: Topology, chosen: dict[str, list[str]], load: Counter[str]) -> list[str]:
    if workload.beside is not None:
        return chosen[workload.beside][: workload.count]
    hosts = topology.hosts_of(workload.tier) or topology.hosts
    if workload.every_host:
        return list(topology.hosts)
    here: Counter[str] = Counter()
    zones: Counter[str] = Counter()
    picked: list[str] = []
    for _ in range(workload.count):
        host = min(hosts, key=lambda name: (here[name], zones[hosts[name].zone], load[name], list(hosts).index(name)))
        here[host] += 1
        zones[hosts[host].zone] += 1
        picked.append(host)
    return picked


def _addresses(topology: Topology, names: list[str]) -> dict[str, str]:
    """A fixed address for each name, by its hash: an added service moves none of the others (a collision, one in
    hundreds of stacks, moves the later name by one). The first 16 addresses are left to the engine."""
    room = topology.network.num_addresses - 32
    taken: dict[int, str] = {}
    for name in sorted(names):
        slot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % room
        while slot in taken:
            slot = (slot + 1) % room
        taken[slot] = name
    return {name: str(topology.network.network_address + 16 + slot) for slot, name in taken.items()}
