"""The routes of a topology as nginx's upstreams and locations. Pure; names no service."""

from collections.abc import Iterator
from dataclasses import dataclass

from basalt.site import Site
from basalt.topology.model import Role
from basalt.workload import Endpoint, Route, Workload


@dataclass(frozen=True, slots=True)
class Upstream:
    """A group of servers. `sticky`: a client comes back to the same one."""

    name: str
    servers: tuple[str, ...]
    sticky: bool


@dataclass(frozen=True, slots=True)
class Location:
    """`match` as nginx writes it; `certified` is the name that every server of the group proves."""

    match: str
    upstream: str
    certified: str
    streams: bool


def upstreams(site: Site) -> tuple[Upstream, ...]:
    """One for each routed endpoint, and one more where it also has streams. None in a fenced stack."""
    wanted = {_upstream(workload, route): (workload, route) for workload, route in _routes(site)}
    return tuple(
        Upstream(name, tuple(site.dial(i, route.port) for i in site.of(workload.name)), route.streams)
        for name, (workload, route) in sorted(wanted.items())
    )


def locations(site: Site) -> tuple[Location, ...]:
    """A route is its path and all below it, but not its neighbours: /pay is not /payments."""
    found = []
    for workload, route in _routes(site):
        path = route.path.rstrip("/")
        matches = (f"= {path}", f"{path}/") if path else ("/",)
        name = _upstream(workload, route)
        found += [Location(match, name, workload.name, route.streams) for match in matches]
    return tuple(sorted(found, key=lambda location: location.match))


def fallback(site: Site) -> int | None:
    """The status for what no route matches; None where a route matches everything."""
    if site.topology.role is Role.FENCED:
        return 503
    return None if any(route.path == "/" for _, route in _routes(site)) else 404


def closed(site: Site) -> tuple[str, ...]:
    """Paths of routed ports that are not for people: what Prometheus scrapes."""
    routed = {
        scrape.path
        for workload in _workloads(site)
        for scrape in workload.scrapes
        if Endpoint(workload.name, scrape.port) in site.routed
    }
    return tuple(sorted(routed))


def _routes(site: Site) -> Iterator[tuple[Workload, Route]]:
    if site.topology.role is not Role.FENCED:
        yield from ((workload, route) for workload in _workloads(site) for route in workload.routes)


def _workloads(site: Site) -> tuple[Workload, ...]:
    return tuple({instance.workload.name: instance.workload for instance in site.instances}.values())


def _upstream(workload: Workload, route: Route) -> str:
    name = f"{workload.name}-{route.port}"
    return f"{name}-streams" if route.streams else name
