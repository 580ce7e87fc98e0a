"""An instance as the arguments of a container: pure, so that a test can read what Docker will be told."""

from typing import Any

from basalt.plan import Planned
from basalt.site import Instance, Site
from basalt.workload import FILES, Volume

#: `labels` and `tag` are in every line (docs.docker.com, "JSON File logging driver"): they say whose it is.
LOG = {
    "max-size": "10m",
    "max-file": "3",
    "labels": "basalt.stack,basalt.service,basalt.workload",
    "tag": "{{.Name}}",
}


def container_name(site: Site, instance: Instance) -> str:
    """`<stack>-<instance>`: unique on an engine."""
    return f"{site.topology.name}-{instance.name}"


def volume_name(site: Site, instance: Instance, volume: Volume) -> str:
    """`<stack>-<owner>-<volume>`; a volume `of` another workload is that of the same ordinal."""
    owner = f"{volume.of}-{instance.ordinal}" if volume.of else instance.name
    return f"{site.topology.name}-{owner}-{volume.name}"


def files_volume(site: Site, instance: Instance) -> str:
    """The volume of an instance's files."""
    return f"{container_name(site, instance)}-files"


def labels(site: Site, instance: Instance) -> dict[str, str]:
    """What every object of an instance bears: by it a stack's objects are found again."""
    return {
        "basalt.stack": site.topology.name,
        "basalt.service": instance.service,
        "basalt.workload": instance.workload.name,
    }


def hosts(site: Site, instance: Instance) -> list[tuple[str, str]]:
    """Names that the instance can resolve, with addresses: those it may reach, and no other. They stand for an instance
    each, or for all of a workload; nobody has both. c-ares takes two names at one address for one host, and the order
    of the lines, which is the engine's, says then whether that host has all addresses or one (ares_hosts_file.c)."""
    named = [(o.workload.name if instance.workload.dials_groups else o.name, o) for o in site.reached(instance)]
    return sorted({(name, site.ip(other)) for name, other in named})


def ports(site: Site, instance: Instance) -> list[dict[str, Any]]:
    """What the host listens on for this instance: declared publications, and between hosts what others use."""
    workload = instance.workload
    found = [
        {"internal": workload.ports[p.port].number, "external": p.number, "ip": p.address} for p in workload.publish
    ]
    if site.several_hosts:
        address = str(site.host(instance).address)
        found += [
            {"internal": workload.ports[port].number, "external": site.outer_port(instance, port), "ip": address}
            for port in site.used_ports(instance)
        ]
    return found


def mounts(site: Site, instance: Instance) -> list[dict[str, Any]]:
    """Volumes of state, the files, and folders of the host."""
    found: list[dict[str, Any]] = [
        {"volume_name": volume_name(site, instance, v), "container_path": v.path, "read_only": v.read_only}
        for v in instance.workload.volumes
    ]
    found.append({"volume_name": files_volume(site, instance), "container_path": FILES, "read_only": True})
    found += [
        {"host_path": folder.path, "container_path": folder.at, "read_only": True}
        for folder in instance.workload.host_folders
    ]
    return found


def host(instance: Instance) -> list[dict[str, Any]]:
    """The host, where it is observed. A disk that is mounted there later is seen too: without propagation one sees the
    folder below, and takes the space of that for the disk's (github.com/prometheus/node_exporter, README)."""
    if not instance.workload.observes_host:
        return []
    propagation = {"propagation": "rslave"}
    return [{"type": "bind", "source": "/", "target": "/host", "read_only": True, "bind_options": propagation}]


def arguments(planned: Planned, site: Site, image: str) -> dict[str, Any]:
    """Everything about the container that its plan decides. Keys are pulumi_docker's."""
    instance = planned.instance
    workload = instance.workload
    uid = workload.uid
    return {
        "name": container_name(site, instance),
        "hostname": instance.name,
        "image": image,
        "command": list(workload.command),
        "user": f"{uid}:{uid}",
        "envs": sorted(f"{key}={value}" for key, value in workload.environment.items()),
        "hosts": [{"host": name, "ip": address} for name, address in hosts(site, instance)],
        "ports": ports(site, instance),
        "volumes": mounts(site, instance),
        "mounts": host(instance),
        "tmpfs": {t.path: f"rw,nosuid,nodev,size={t.megabytes}m,uid={uid},gid={uid},mode=0700" for t in workload.tmpfs},
        "read_only": workload.read_only_root,
        "capabilities": {"drops": ["ALL"], "adds": sorted(workload.capabilities)},
        # Without new privileges a file's capability would not count.
        "security_opts": [f"no-new-privileges:{str(not workload.capabilities).lower()}"],
        "memory": workload.limits.memory,
        "memory_swap": workload.limits.memory,
        "cpus": f"{workload.limits.cpus:g}",
        # 1024 is the engine's own, which it does not tell.
        "cpu_shares": 1024 * workload.limits.weight if workload.limits.weight > 1 else None,
        "shm_size": workload.shared_memory,
        "restart": "no" if workload.task else "always",
        "must_run": not workload.task,
        "stop_signal": workload.stop.signal,
        "stop_timeout": workload.stop.seconds,
        "destroy_grace_seconds": workload.stop.seconds,
        "log_driver": "json-file",
        "log_opts": LOG,
        "pid_mode": "host" if workload.observes_host else None,
        "healthcheck": _healthcheck(planned),
    }


def _healthcheck(planned: Planned) -> dict[str, Any] | None:
    probe = planned.instance.workload.probe
    if probe is None:
        return None
    return {
        "tests": ["CMD", *probe.command],
        "interval": f"{probe.interval}s",
        "timeout": f"{probe.timeout}s",
        "start_period": f"{probe.grace}s",
        "retries": probe.retries,
    }
