"""What is looked at from outside, out of what the workloads offer: public routes, and certificates. Names no service.

A certificate is looked at where it is served to whoever comes: at every "https" port that is scraped, routed, published
or takes alerts. Ports that speak other protocols, or that ask for a client's certificate, are not looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from basalt.site import Instance, Site
from basalt.topology.model import Role
from basalt.workload import FILES, Publish, Route, Workload

#: A route's health path must say 2xx; a route without one must answer, and not with a server's error.
HEALTH, ANSWERS, TLS = "http_2xx", "http_answers", "tls"

#: Seconds between two looks at a route: an outage is told within half a minute. Each look counts for the rate limit of
#: whoever has not logged in, so that a stack of many routes is asked less often.
_ROUTES, _EACH_ROUTE = 10, 2

_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  compared with, not listened on


@dataclass(frozen=True, slots=True)
class Module:
    """A way of looking: who must prove which name by whose certificate (`authority` is a path)."""

    name: str
    kind: str
    certified: str
    authority: str


@dataclass(frozen=True, slots=True)
class Look:
    """One question: `target` is a URL or host:port, `subject` the instance that it is about. Where a public route is
    looked at, `path` is the route's and `behind` the workload that it leads to."""

    module: Module
    target: str
    subject: Instance = field(compare=False)
    path: str = ""
    behind: str = ""


def looks(site: Site) -> tuple[Look, ...]:
    """Everything to look at, sorted."""
    found = {*_certificates(site), *_routes(site)}
    return tuple(sorted(found, key=lambda look: (look.module.name, look.subject.name, look.target)))


def route_seconds(asked: Iterable[Look]) -> int:
    """How long after a look at a public route the next one comes, when all of these are looked at."""
    return max(_ROUTES, _EACH_ROUTE * len({look.path for look in asked if look.path}))


def modules(site: Site) -> tuple[Module, ...]:
    """Every way of looking that is needed, sorted by name."""
    return tuple(sorted({look.module for look in looks(site)}, key=lambda module: module.name))


def _certificates(site: Site) -> Iterator[Look]:
    for instance in site.instances:
        for port in sorted(_open_to_all(instance.workload)):
            if port in site.used_ports(instance):
                yield Look(_module(TLS, instance, port), site.dial(instance, port), instance)
        for publish in instance.workload.publish:
            address = _public(site, instance, publish)
            if address and instance.workload.ports[publish.port].scheme == "https":
                yield Look(_module(TLS, instance, publish.port), address, instance)


def _open_to_all(workload: Workload) -> set[str]:
    asked = {scrape.port for scrape in workload.scrapes} | {route.port for route in workload.routes}
    asked.add(workload.takes_alerts)
    return {port for port in asked & set(workload.ports) if workload.ports[port].scheme == "https"}


def _routes(site: Site) -> Iterator[Look]:
    """Each route through each edge. A fenced stack answers nobody, and is meant to."""
    if site.topology.role is Role.FENCED:
        return
    workloads = {instance.workload.name: instance.workload for instance in site.instances}
    routes = [(name, route) for name, one in workloads.items() for route in one.routes if not route.streams]
    for edge in (instance for instance in site.instances if instance.workload.collects_routes):
        for publish in edge.workload.publish:
            address = _public(site, edge, publish)
            if address and edge.workload.ports[publish.port].scheme == "https":
                yield from (_route(edge, publish.port, address, *one) for one in routes)


def _route(edge: Instance, port: str, address: str, behind: str, route: Route) -> Look:
    kind = HEALTH if route.health else ANSWERS
    target = f"https://{address}{route.health or route.path}"
    return Look(_module(kind, edge, port), target, edge, route.path, behind)


def _module(kind: str, instance: Instance, port: str) -> Module:
    workload = instance.workload
    authority = f"{FILES}/tls/{workload.ports[port].authority.name}/ca.crt"
    return Module(f"{kind}-{workload.name}-{port}", kind, workload.domain or workload.name, authority)


def _public(site: Site, instance: Instance, publish: Publish) -> str | None:
    """Where people's requests arrive. What listens on the loopback is met at the instance itself, if it can be."""
    if publish.address == _EVERY_ADDRESS:
        return f"{site.host(instance).address}:{publish.number}"
    if not IPv4Address(publish.address).is_loopback:
        return f"{publish.address}:{publish.number}"
    if site.several_hosts and publish.port not in site.used_ports(instance):
        return None
    return site.dial(instance, publish.port)
