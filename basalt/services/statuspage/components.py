"""What the page is about, out of what is looked at from outside and of whom. Pure; names no service."""

from dataclasses import dataclass

from basalt.probing import Look, looks
from basalt.site import Site
from basalt.workload import Workload


@dataclass(frozen=True, slots=True)
class Component:
    """A public route. `targets`: the ways in, as the probes name them; `slo`: the share of time that is promised."""

    path: str
    title: str
    targets: tuple[str, ...]
    workload: str
    service: str
    slo: float


def components(site: Site, titles: dict[str, str], slo: float) -> tuple[Component, ...]:
    """One for each route that is looked at, by path. `slo` is for those whose service promises nothing."""
    asked: dict[str, list[Look]] = {}
    for look in looks(site):
        if look.path:
            asked.setdefault(look.path, []).append(look)
    return tuple(_component(site, path, asked[path], titles, slo) for path in sorted(asked))


def _component(site: Site, path: str, asked: list[Look], titles: dict[str, str], slo: float) -> Component:
    behind = site.of(asked[0].behind)[0]
    return Component(
        path,
        titles.get(path) or _title(path, domain(site)),
        tuple(look.target for look in asked),
        behind.workload.name,
        behind.service,
        _promised(behind.workload) or slo,
    )


def _title(path: str, name: str) -> str:
    """`/pay` -> Pay; the whole is called by its domain."""
    words = path.strip("/").replace("/", " ").replace("-", " ").replace("_", " ")
    return words.capitalize() or name


def _promised(workload: Workload) -> float | None:
    return next((one.ratio for one in workload.objectives if one.name == "availability"), None)


def domain(site: Site) -> str:
    """The name that people type for what the page is about."""
    return next((i.workload.domain for i in site.instances if i.workload.collects_routes), "localhost")
