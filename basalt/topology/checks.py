"""The rules that hold for every topology, whatever services it has. Each names a path, a value and a remedy."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from basalt import services
from basalt.collect import checks, rules, status
from basalt.collect.faults import FolderError
from basalt.plan import survey
from basalt.site import Instance, Site
from basalt.topology.model import Role, Topology
from basalt.topology.problem import Problem
from basalt.workload import Tier, Workload

#: What reads a file of a service's folder.
_READERS: tuple[Callable[[Path], object], ...] = (rules.read, status.read, checks.read)

#: MiB of a host that are left to the kernel, the engine and sshd.
RESERVED = 256


def check(topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Every problem of a well-shaped topology. `given` are the names of the secrets that the stack brings."""
    unusable = list(_folders(topology))
    yield from unusable
    if unusable:
        return  # services look at each other's files
    before = list(_hosts(topology)) + list(_roles(topology))
    for name, settings in topology.services.items():
        before += services.problems(name, settings, topology, given)
    yield from before
    if before:
        return  # what follows would only repeat it
    site = survey(topology)
    for name, settings in topology.services.items():
        yield from services.site_problems(name, settings, site)
    yield from _needs(site)
    yield from _quorum(site)
    yield from _ports(site)
    yield from _memory(site)
    yield from _backup_apart(site)


def _folders(topology: Topology) -> Iterator[Problem]:
    """What no service's files may say; a stack that only half of its alerts watch is not brought up."""
    for name in topology.services:
        for read in _READERS:
            try:
                read(services.folder(name))
            except FolderError as error:
                yield Problem(str(error.path), error.entry, error.remedy)


def _hosts(topology: Topology) -> Iterator[Problem]:
    engines = Counter(host.engine for host in topology.hosts.values())
    addresses = Counter(host.address for host in topology.hosts.values())
    for name, host in topology.hosts.items():
        if engines[host.engine] > 1:
            yield Problem(f"hosts.{name}.engine", host.engine, "another host has it too; give each host its own engine")
        if addresses[host.address] > 1:
            yield Problem(f"hosts.{name}.address", str(host.address), "another host has it too")


def _roles(topology: Topology) -> Iterator[Problem]:
    if topology.role is Role.STANDBY and not topology.peers:
        yield Problem("role", topology.role.value, "a standby follows a peer; declare it under peers")
    if topology.region in topology.peers:
        yield Problem(f"peers.{topology.region}", topology.region, "this is the stack's own region; name another")


def _needs(site: Site) -> Iterator[Problem]:
    offered = {(i.workload.name, port) for i in site.instances for port in i.workload.ports}
    for workload, service in _workloads(site):
        for use in workload.uses:
            if (use.workload, use.port) not in offered:
                remedy = f"nothing offers {use}; add the service that does, or what uses it"
                yield Problem(f"services.{service}", workload.name, remedy)
        for task in workload.after:
            if not site.of(task):
                yield Problem(f"services.{service}", workload.name, f"waits for {task}, which the stack does not have")
        if workload.asks and not any(site.answers()):
            remedy = "shows metrics, which nobody gathers; add the service that does, or remove this one"
            yield Problem(f"services.{service}", workload.name, remedy)


def _workloads(site: Site) -> list[tuple[Workload, str]]:
    found = {instance.workload.name: (instance.workload, instance.service) for instance in site.instances}
    return list(found.values())


def _quorum(site: Site) -> Iterator[Problem]:
    strict = not site.topology.environment.tolerates_one_host
    for workload, service in _workloads(site):
        if not workload.quorum:
            continue
        path, count = f"services.{service}.members", workload.count
        if count % 2 == 0:
            yield Problem(path, count, f"{count} is even; {count - 1 or 1} or {count + 1} keep a quorum")
        elif strict and count > 1:
            zones = Counter(site.host(instance).zone for instance in site.of(workload.name))
            zone, most = zones.most_common(1)[0]
            if most > count // 2:
                blame = f"{most} of {count} stand in zone {zone}: losing it loses the quorum"
                remedy = f"{blame}; add {workload.tier} hosts in other zones"
                yield Problem(path, count, remedy)


def _ports(site: Site) -> Iterator[Problem]:
    taken: dict[tuple[str, int], str] = {}
    for instance in site.instances:
        for publish in instance.workload.publish:
            who, number = f"{instance.name}.{publish.port}", publish.number
            other = taken.setdefault((instance.host, number), who)
            if other != who:
                remedy = f"{who} and {other} both want port {number} of host {instance.host}; publish another"
                yield Problem(f"services.{instance.service}", number, remedy)


def _memory(site: Site) -> Iterator[Problem]:
    by_host: dict[str, list[Instance]] = defaultdict(list)
    for instance in site.instances:
        if not instance.workload.task:
            by_host[instance.host].append(instance)
    for name, instances in by_host.items():
        wanted = sum(instance.workload.limits.memory for instance in instances) + RESERVED
        host = site.topology.hosts[name]
        if wanted > host.memory:
            largest = Counter({instance.name: instance.workload.limits.memory for instance in instances}).most_common(3)
            sizes = ", ".join(f"{who} {size}" for who, size in largest)
            remedy = f"its containers may take {wanted} MiB of {host.memory}; largest: {sizes}. Move some or add memory"
            yield Problem(f"hosts.{name}.memory_gb", host.memory_gb, remedy)


def _backup_apart(site: Site) -> Iterator[Problem]:
    if site.topology.environment.tolerates_one_host:
        return
    data = {site.host(i).zone: i.name for i in site.instances if i.workload.tier is Tier.DATA}
    for instance in site.instances:
        zone = site.host(instance).zone
        if instance.workload.tier is Tier.BACKUP and instance.workload.beside is None and zone in data:
            blame = f"zone {zone} also holds {data[zone]}: one failure would take both"
            remedy = f"{blame}; give a host of another zone the backup tier"
            yield Problem(f"services.{instance.service}", instance.host, remedy)
