"""The plan as pictures (Mermaid): who talks to whom, and what stands where. Pure, and names no service.

What stands beside others, and what only looks at them, is left out: each arrow more makes a picture say less."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby

from basalt.site import Instance, Site
from basalt.workload import Tier, Workload

#: From those who are reached from outside down to those who hold the state.
_ORDER = (Tier.EDGE, Tier.APP, Tier.DATA, Tier.CONTROL, Tier.BACKUP, Tier.WATCH)

#: What a reader calls a tier.
_TITLES = {
    Tier.EDGE: "edge",
    Tier.APP: "application",
    Tier.DATA: "data",
    Tier.CONTROL: "control",
    Tier.BACKUP: "backup",
    Tier.WATCH: "watch",
}


def links(site: Site) -> str:
    """Workloads by tier, an arrow for each endpoint that one uses. Publics come from outside."""
    drawn = _drawn(site)
    lines = ["flowchart LR", "  client((client))"]
    for tier in _ORDER:
        inside = [workload for workload in drawn if workload.tier is tier]
        lines += _group(tier.value, _TITLES[tier], (_node(workload) for workload in inside))
    public = {
        workload.name: ", ".join(p.port for p in workload.publish) for workload in drawn if workload.collects_routes
    }
    lines += [f"  client -- {ports} --> {_id(name)}" for name, ports in public.items() if ports]
    lines += _arrows(drawn)
    return "\n".join(lines)


def hosts(site: Site) -> str:
    """Zones, the hosts in them, and what each carries; what stands on every host is told once."""
    zones: dict[str, list[str]] = defaultdict(list)
    for name, host in site.topology.hosts.items():
        zones[host.zone].append(name)
    lines = ["flowchart LR"]
    for zone in sorted(zones):
        lines += _group(f"zone-{zone}", f"zone {zone}", (_host(site, name) for name in zones[zone]))
    row = [f"zone-{zone}" for zone in sorted(zones)]
    everywhere = sorted({i.workload.name for i in site.instances if i.workload.every_host})
    if everywhere:
        lines.append(f'  everywhere["{"<br/>".join(["<b>on every host</b>", *everywhere])}"]')
        row.append("everywhere")
    # Links that are not drawn: they keep all in a row.
    return "\n".join([*lines, f"  {' ~~~ '.join(row)}"])


def _drawn(site: Site) -> list[Workload]:
    """What does the work: no task, nothing beside others or on every host, nothing that only looks."""
    found = {i.workload.name: i.workload for i in site.instances}
    return [w for w in found.values() if not (w.task or w.beside or w.every_host or w.probes)]


def _node(workload: Workload) -> str:
    several = f" ({workload.count})" if workload.count > 1 else ""
    gathers = "<br/>scrapes all" if workload.collects_scrapes else ""
    return f'{_id(workload.name)}["{workload.name}{several}{gathers}"]'


def _id(name: str) -> str:
    """Mermaid reads `end` and some others as words of its own."""
    return f"w-{name}"


def _group(name: str, title: str, nodes: Iterable[str]) -> Iterator[str]:
    told = [f"    {node}" for node in nodes]
    if told:
        yield f'  subgraph {name}["{title}"]'
        yield from told
        yield "  end"


def _arrows(drawn: list[Workload]) -> Iterator[str]:
    """One from all that use the same of a workload, with what it is."""
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for workload in drawn:
        for other, what in _uses(workload, drawn):
            users[other, what].append(workload.name)
    for (other, what), sources in users.items():
        yield f"  {' & '.join(_together(sources, drawn))} -- {what} --> {_id(other)}"


def _together(users: list[str], drawn: list[Workload]) -> Iterator[str]:
    """Where all of a tier are among the users, the tier stands for them."""
    for tier in _ORDER:
        own = [workload.name for workload in drawn if workload.tier is tier]
        using = [name for name in own if name in users]
        yield from [tier.value] if len(own) > 1 and using == own else map(_id, using)


def _uses(workload: Workload, drawn: list[Workload]) -> Iterator[tuple[str, str]]:
    """(name of another workload, what it is used for)"""
    names = {other.name for other in drawn if other != workload}
    uses = sorted((use.workload, use.port) for use in workload.uses if use.workload in names)
    for name, ports in groupby(uses, key=lambda use: use[0]):
        yield name, ", ".join(port for _, port in ports)
    for other in drawn:
        if other.routes and workload.collects_routes:
            yield other.name, _paths(other)
        if other.takes_alerts and workload.sends_alerts:
            yield other.name, "alerts"
        if other.answers and workload.asks:
            yield other.name, "metrics"


def _paths(workload: Workload) -> str:
    return " ".join(dict.fromkeys(route.path for route in workload.routes if not route.streams))


def _host(site: Site, name: str) -> str:
    here = [i for i in site.instances if i.host == name and _told(i)]
    host = site.topology.hosts[name]
    lines = [f"<b>{name}</b> {host.cores} cores, {host.memory_gb:g} GB", *(instance.name for instance in here)]
    return f'h-{name}["{"<br/>".join(lines)}"]'


def _told(instance: Instance) -> bool:
    workload = instance.workload
    return not (workload.task or workload.beside or workload.every_host)
