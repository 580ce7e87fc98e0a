"""Topology -> Ansible inventory: hosts, groups and their variables, as data. Pure, and without a secret: it reads
settings and places, no file. `ansible/plugins/inventory/stack.py` hands it to Ansible."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from basalt.collect import engine
from basalt.collect.kernel import kernel
from basalt.collect.openings import openings
from basalt.plan import survey
from basalt.site import Instance, Site
from basalt.topology.model import Host, Topology
from basalt.topology.problem import Problem, StackError

#: The topology's hosts: what plays are for. Containers are in the inventory too, so `all` is both.
MACHINES = "machines"
#: The containers that run on, for testinfra's docker backend.
CONTAINERS = "containers"

Variables = dict[str, Any]


@dataclass(frozen=True)
class Inventory:
    """What Ansible is told: variables of each host, members and variables of each group."""

    hosts: dict[str, Variables]
    members: dict[str, tuple[str, ...]]
    variables: dict[str, Variables]


def inventory(topology: Topology) -> Inventory:
    """The whole inventory of a stack. Raises StackError when a host bears a container's name."""
    site = survey(topology)
    machines = {name: _machine(site, name, host) for name, host in topology.hosts.items()}
    running = {container(site, i): _container(site, i) for i in site.instances if not i.workload.task}
    for name in sorted(machines.keys() & running.keys()):
        raise StackError(topology.name, [Problem(f"hosts.{name}", name, "a container has this name; choose another")])
    members = {group: tuple(names) for group, names in sorted(_groups(site).items())}
    members |= {MACHINES: tuple(machines), CONTAINERS: tuple(running)}
    return Inventory(machines | running, members, _group_variables(topology))


def group(kind: str, name: str) -> str:
    """`zone_a`, `workload_redis_sentinel`: Ansible's group names are Python's."""
    return f"{kind}_{name}".replace("-", "_")


def container(site: Site, instance: Instance) -> str:
    """The container's name on its engine."""
    return f"{site.topology.name}-{instance.name}"


def connection(host: Host) -> Variables:
    """How Ansible reaches a host: as its engine is reached, and by its address where that says nothing."""
    url = urlsplit(host.engine)
    if url.scheme == "unix":
        # As Ansible's own localhost: the interpreter that runs it, not one that it would look for.
        interpreter = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        return {"ansible_host": str(host.address), "ansible_connection": "local", **interpreter}
    if url.scheme != "ssh":
        return {"ansible_host": str(host.address)}
    parts = {"ansible_host": url.hostname, "ansible_port": url.port, "ansible_user": url.username}
    return {name: value for name, value in parts.items() if value is not None}


def _machine(site: Site, name: str, host: Host) -> Variables:
    here = [instance for instance in site.instances if instance.host == name]
    return {
        **connection(host),
        "basalt_address": str(host.address),
        "basalt_zone": host.zone,
        "basalt_cores": host.cores,
        "basalt_memory_mb": host.memory,
        "basalt_disk_gb": host.disk_gb,
        "basalt_engine": host.engine,
        "basalt_engine_port": engine.port(host),
        "basalt_engine_authority": engine.authority(site.topology, host),
        "basalt_tiers": [tier.value for tier in host.tiers],
        "basalt_kernel": kernel(host.memory, {instance.workload.tier for instance in here}),
        "basalt_instances": [_instance(site, instance) for instance in here],
        "basalt_openings": [{**asdict(found), "sources": list(found.sources)} for found in openings(site, name)],
    }


def _instance(site: Site, instance: Instance) -> Variables:
    workload = instance.workload
    return {
        "name": instance.name,
        "container": container(site, instance),
        "service": instance.service,
        "workload": workload.name,
        "task": workload.task,
        "memory_mb": workload.limits.memory,
        "cpus": workload.limits.cpus,
    }


def _container(site: Site, instance: Instance) -> Variables:
    return {
        "ansible_connection": "community.docker.docker",
        "basalt_machine": instance.host,
        "basalt_engine": site.host(instance).engine,
        **{f"basalt_{key}": value for key, value in _instance(site, instance).items() if key != "container"},
    }


def _groups(site: Site) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    topology = site.topology
    for name, host in topology.hosts.items():
        here = [instance for instance in site.instances if instance.host == name]
        names = [group("environment", topology.environment), group("region", topology.region)]
        names += [group("zone", host.zone), *(group("tier", tier) for tier in host.tiers)]
        names += [group("service", instance.service) for instance in here]
        names += [group("workload", instance.workload.name) for instance in here]
        for each in dict.fromkeys(names):
            found[each].append(name)
    return found


def _group_variables(topology: Topology) -> dict[str, Variables]:
    """Of all: what the stack is. Of a service's group: its settings, checked and with their defaults; named after the
    service, because a host is in several such groups."""
    stack = {
        "basalt_stack": topology.name,
        "basalt_environment": topology.environment.value,
        "basalt_region": topology.region,
        "basalt_role": topology.role.value,
        "basalt_target": topology.target.value,
        "basalt_network": str(topology.network),
        "basalt_engine_pools": engine.pools(topology),
    }
    services = {
        group("service", name): {f"basalt_{group('service', name)}": settings.model_dump(mode="json")}
        for name, settings in topology.services.items()
    }
    return {"all": stack, **services}
