"""Where alerts are sent, out of what the workloads take. Names no service."""

from dataclasses import dataclass

from basalt.site import Site
from basalt.workload import FILES


@dataclass(frozen=True, slots=True)
class Manager:
    """All members of a workload: each is told everything, and they agree on who tells people."""

    certified: str
    authority: str
    targets: tuple[str, ...]


def managers(site: Site) -> tuple[Manager, ...]:
    """One for each workload that takes alerts."""
    takers = {instance.workload.name: instance.workload for instance in site.takes_alerts()}
    return tuple(
        Manager(
            name,
            f"{FILES}/tls/{workload.ports[workload.takes_alerts].authority.name}/ca.crt",
            tuple(site.dial(instance, workload.takes_alerts) for instance in site.of(name)),
        )
        for name, workload in takers.items()
    )
