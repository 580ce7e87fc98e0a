"""Scrape configuration out of what the workloads offer. Names no service."""

from collections import defaultdict
from dataclasses import dataclass

from basalt.site import Instance, Site
from basalt.workload import Scrape


@dataclass(frozen=True, slots=True)
class Target:
    """`address` is host:port; `labels` go to every series of it."""

    address: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Job:
    """Targets that are asked in the same way. `name` is unique among jobs; the label `job` need not be."""

    name: str
    scheme: str
    path: str
    params: tuple[tuple[str, str], ...]
    targets: tuple[Target, ...]


def jobs(site: Site) -> tuple[Job, ...]:
    """One job for each way of asking, sorted by name."""
    found: dict[tuple[str, Scrape], list[Target]] = defaultdict(list)
    for scrape, instance in site.scrapes():
        scheme = instance.workload.ports[scrape.port].scheme
        label = scrape.job or instance.workload.name
        way = Scrape(port="", path=scrape.path, job=label, params=scrape.params)
        found[scheme, way].append(Target(str(site.address(instance, scrape.port)), _labels(label, instance, site)))
    made = [
        Job(_name(scheme, way), scheme, way.path, way.params, tuple(targets))
        for (scheme, way), targets in found.items()
    ]
    return tuple(sorted(made, key=lambda job: job.name))


def _name(scheme: str, way: Scrape) -> str:
    query = "&".join(f"{key}={value}" for key, value in way.params)
    return f"{scheme}://{way.job}{way.path}{'?' if query else ''}{query}"


def _labels(job: str, instance: Instance, site: Site) -> tuple[tuple[str, str], ...]:
    beside = instance.workload.beside
    return (
        ("job", job),
        ("instance", instance.name),
        # Whom the metrics are about: an exporter speaks for the instance that it stands beside.
        ("subject", f"{beside}-{instance.ordinal}" if beside else instance.name),
        ("workload", instance.workload.name),
        ("service", instance.service),
        ("host", instance.host),
        ("zone", site.host(instance).zone),
    )
