"""Scrape configuration out of what the workloads offer. Names no service."""

from collections import defaultdict
from dataclasses import dataclass

from basalt.site import Instance, Site
from basalt.workload import FILES, Scrape


@dataclass(frozen=True, slots=True)
class Target:
    """`address` is host:port; `labels` go to every series of it."""

    address: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Job:
    """The instances of a workload that are asked in the same way. `name` is unique among jobs; the label `job` need
    not be. `certified`: the name that all of them prove to whoever trusts the `authority` (path of its certificate)."""

    name: str
    scheme: str
    certified: str
    authority: str
    path: str
    params: tuple[tuple[str, str], ...]
    targets: tuple[Target, ...]
    #: Seconds; None: as for all jobs.
    interval: int | None = None
    #: The answers are about others, whom labels beginning with `about_` name.
    about_others: bool = False
    #: User, and the path of the password.
    login: tuple[str, str] | None = None


def jobs(site: Site) -> tuple[Job, ...]:
    """One job for each way of asking, sorted by name."""
    found: dict[tuple[str, Scrape], list[Instance]] = defaultdict(list)
    for scrape, instance in site.scrapes():
        found[instance.workload.name, scrape].append(instance)
    made = [_job(scrape, instances, site) for (_, scrape), instances in found.items()]
    return tuple(sorted(made, key=lambda job: job.name))


def _job(scrape: Scrape, instances: list[Instance], site: Site) -> Job:
    workload = instances[0].workload
    port = workload.ports[scrape.port]
    label = scrape.job or workload.name
    query = "&".join(f"{key}={value}" for key, value in scrape.params)
    return Job(
        name=f"{port.scheme}://{workload.name}.{scrape.port}{scrape.path}{'?' if query else ''}{query}",
        scheme=port.scheme,
        certified=workload.name,
        authority=f"{FILES}/tls/{port.authority.name}/ca.crt",
        path=scrape.path,
        params=scrape.params,
        targets=tuple(Target(site.dial(i, scrape.port), labels(label, i, site)) for i in instances),
        about_others=scrape.about_others,
        login=(scrape.login[0], f"{FILES}/secrets/{scrape.login[1]}") if scrape.login else None,
    )


def passwords(site: Site) -> tuple[str, ...]:
    """Names of the secrets by which metrics are got, sorted."""
    return tuple(sorted({scrape.login[1] for scrape, _ in site.scrapes() if scrape.login}))


def labels(job: str, instance: Instance, site: Site) -> tuple[tuple[str, str], ...]:
    """Whose a series is, and whom it is about."""
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
