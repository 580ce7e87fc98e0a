"""What Grafana asks, out of who answers. Names no service."""

from dataclasses import dataclass

from basalt.collect.panels import SOURCE
from basalt.site import Instance, Site
from basalt.workload import FILES, Answers


@dataclass(frozen=True, slots=True)
class Source:
    """An instance that answers. `certified`: the name that it proves to whoever trusts the `authority` (path of its
    certificate). `interval`: seconds between two samples."""

    uid: str
    url: str
    certified: str
    authority: str
    interval: int


def sources(site: Site) -> tuple[Source, ...]:
    """One for each instance that answers; panels ask the first."""
    found = list(site.answers())
    uids = [SOURCE, *(f"{SOURCE}-{number}" for number in range(2, len(found) + 1))]
    return tuple(_source(uid, answers, instance, site) for uid, (answers, instance) in zip(uids, found, strict=False))


def _source(uid: str, answers: Answers, instance: Instance, site: Site) -> Source:
    workload = instance.workload
    port = workload.ports[answers.port]
    return Source(
        uid=uid,
        url=f"{port.scheme}://{site.dial(instance, answers.port)}",
        certified=workload.name,
        authority=f"{FILES}/tls/{port.authority.name}/ca.crt",
        interval=answers.interval,
    )
