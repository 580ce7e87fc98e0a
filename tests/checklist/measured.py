"""What would be measured of a stack that is exactly as planned, and how tests change it."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from basalt.checklist import metrics
from basalt.checklist.facts import Door, Engine, Facts, Reply, State
from basalt.collect.checks import Check, checks
from basalt.collect.samples import Sample
from basalt.plan import Plan, Planned
from basalt.targets.docker.container import arguments, container_name

NOW = datetime(2026, 11, 25, tzinfo=UTC)

#: What the edge sends with every answer.
HEADERS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'",
    "referrer-policy": "no-referrer",
    "x-ratelimit-limit": "60",
    "x-ratelimit-remaining": "59",
    "x-ratelimit-reset": "1",
}


def as_planned(plan: Plan) -> Facts:
    """Facts of a stack in which nothing is wrong."""
    return Facts(
        plan=plan,
        now=NOW,
        references={p.instance.workload.image: reference(p) for p in plan.planned},
        engines={host: _engine(plan, host) for host in plan.topology.hosts},
        samples=_samples(plan),
        rules=[{"name": "Watchdog", "health": "ok", "annotations": {"runbook": "https://example.com/w.md#watchdog"}}],
        doors=tuple(_doors(plan)),
        state=_state(plan),
        clear=(),
    )


def _state(plan: Plan) -> State:
    ids = frozenset(map(identity, plan.planned))
    return State(ids, (), place="s3://state.example.com", passphrase="/safe/passphrase", readable=False)  # noqa: S106


def reference(planned: Planned) -> str:
    """The image that a container runs."""
    return f"basalt/{planned.instance.workload.image}:1"


def identity(planned: Planned) -> str:
    """The id of its container."""
    return f"id of {planned.instance.name}"


def _engine(plan: Plan, host: str) -> Engine:
    here = {container_name(plan.site, p.instance): p for p in plan.planned if p.instance.host == host}
    declared = plan.topology.hosts[host]
    return Engine(
        cores=declared.cores,
        memory=declared.memory,
        images={reference(p): f"sha256:{reference(p)}" for p in here.values()},
        containers={name: inspected(plan, p) for name, p in here.items()},
        ends={name: NOW + timedelta(days=80) for name in here},
    )


def inspected(plan: Plan, planned: Planned) -> dict[str, Any]:
    """What `docker inspect` would tell of it."""
    told = arguments(planned, plan.site, reference(planned))
    task = planned.instance.workload.task
    running = {"Status": "running", "Running": True, "ExitCode": 0, "Health": {"Status": "healthy"}, "OOMKilled": False}
    return {
        "Id": identity(planned),
        "Image": f"sha256:{told['image']}",
        "RestartCount": 0,
        "State": {"Status": "exited", "Running": False, "ExitCode": 0} if task else running,
        "Config": {
            "User": told["user"],
            "Env": [*told["envs"], "PATH=/usr/bin"],
            "Image": told["image"],
            "Cmd": told["command"],
            "Entrypoint": None,
        },
        "HostConfig": _host_config(told),
        "NetworkSettings": {"Networks": {plan.topology.name: {}}},
        "Mounts": [
            *(
                _mount(v.get("volume_name", ""), v.get("host_path", ""), v["container_path"], v["read_only"])
                for v in told["volumes"]
            ),
            *(_mount("", m["source"], m["target"], m["read_only"]) for m in told["mounts"]),
        ],
    }


def _mount(name: str, source: str, place: str, fixed: bool) -> dict[str, Any]:  # noqa: FBT001  as the engine orders it
    return {"Name": name, "Source": source, "Destination": place, "RW": not fixed}


def _host_config(told: dict[str, Any]) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in told["ports"]:
        binding = {"HostIp": port["ip"], "HostPort": str(port["external"])}
        bindings.setdefault(f"{port['internal']}/tcp", []).append(binding)
    return {
        "ReadonlyRootfs": told["read_only"],
        "CapAdd": told["capabilities"]["adds"] or None,
        "CapDrop": told["capabilities"]["drops"],
        "Privileged": False,
        "SecurityOpt": told["security_opts"],
        "Memory": told["memory"] * 1024 * 1024,
        "MemorySwap": told["memory_swap"] * 1024 * 1024,
        "NanoCpus": int(float(told["cpus"]) * 1e9),
        "RestartPolicy": {"Name": told["restart"]},
        "LogConfig": {"Type": told["log_driver"], "Config": told["log_opts"]},
        "PortBindings": bindings,
        "NetworkMode": "default",
        "PidMode": told["pid_mode"] or "",
    }


def _samples(plan: Plan) -> dict[str, list[Sample]]:
    up = [Sample({"instance": instance.name}, 1) for _, instance in plan.site.scrapes()]
    own = {check.query: _good(plan, check) for service in plan.topology.services for check in checks(service)}
    return {**own, metrics.UP: up, metrics.FIRING: []}


def _good(plan: Plan, check: Check) -> list[Sample]:
    value = check.at_least if check.at_least is not None else check.at_most
    assert value is not None
    names = [instance.name for instance in plan.site.of(check.of)] if check.of else ["one"]
    return [Sample({check.label: name}, value) for name in names]


def _doors(plan: Plan) -> list[Door]:
    edges = [instance for instance in plan.site.instances if instance.workload.collects_routes]
    secure = (Reply("/healthz", 200, HEADERS, "TLSv1.3"),)
    plain = (Reply("/healthz", 308, {"location": "https://example.com/healthz"}),)
    return [
        Door(edge.name, publish.port, scheme, secure if scheme == "https" else plain)
        for edge in edges
        for publish in edge.workload.publish
        for scheme in [edge.workload.ports[publish.port].scheme]
    ]


def engine(facts: Facts, host: str) -> Engine:
    """What the engine of a host told."""
    told = facts.engines[host]
    assert isinstance(told, Engine)
    return told


def changed(facts: Facts, instance: str, path: str, value: object) -> Facts:
    """With another value in what the engine tells of an instance; a path like `HostConfig__Memory` goes down."""
    host = next(i.host for i in facts.plan.site.instances if i.name == instance)
    told = engine(facts, host)
    containers = deepcopy(dict(told.containers))
    *above, last = path.split("__")
    place = containers[f"{facts.plan.topology.name}-{instance}"]
    for key in above:
        place = place[key]
    assert place[last] != value, "the change is none"
    place[last] = value
    return engine_changed(facts, host, containers=containers)


def engine_changed(facts: Facts, host: str, **values: Any) -> Facts:
    """With other values of a host's engine."""
    return replace(facts, engines={**facts.engines, host: replace(engine(facts, host), **values)})
