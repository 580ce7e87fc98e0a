"""A plan for people: one row an instance."""

from basalt.plan import survey
from basalt.topology.model import Topology

HEAD = ("instance", "host", "zone", "address", "image", "cpus", "memory MiB", "ports", "published", "uses")


def rows(topology: Topology) -> list[dict[str, object]]:
    """Every instance with what was derived for it. Keys are `HEAD`."""
    site = survey(topology)
    found: list[dict[str, object]] = []
    for instance in site.instances:
        workload, host = instance.workload, site.host(instance)
        values: tuple[object, ...] = (
            instance.name,
            instance.host,
            host.zone,
            str(host.address) if site.several_hosts else instance.address,
            workload.image,
            workload.limits.cpus,
            workload.limits.memory,
            ", ".join(f"{name} {site.outer_port(instance, name)}" for name in workload.ports),
            ", ".join(f"{publish.address}:{publish.number}" for publish in workload.publish),
            ", ".join(map(str, workload.uses)),
        )
        found.append(dict(zip(HEAD, values, strict=True)))
    return found


def notes(topology: Topology) -> list[str]:
    """What people should know of the plan before they rely on it."""
    workloads = {instance.workload.name: instance.workload for instance in survey(topology).instances}
    return [f"{name}: {workload.note}" for name, workload in workloads.items() if workload.note]
