"""What is wrong with one container, given what was planned: `docker inspect` compared with what the target tells the
engine. Each function gives a sentence, or "" where nothing is wrong."""

import re
from typing import Any

from basalt.checklist.facts import Facts
from basalt.checklist.row import Unasked
from basalt.plan import Planned
from basalt.targets.docker import container as words

#: The arguments of a container, as the target gives them.
Wanted = dict[str, Any]

_MIB = 1024 * 1024
_NAMED = re.compile(r"(?i)(pass(word|wd)?|secret|token|credential|api_?key|private_?key)\w*$")
_IN_URL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_FLAG = re.compile(r"(?i)^--?[\w-]*(password|secret|token|api-?key)[\w-]*=(?!/)\S")


def wanted(facts: Facts, planned: Planned) -> Wanted:
    """What the target tells the engine of an instance."""
    reference = facts.references[planned.instance.workload.image]
    network = {"network": facts.plan.topology.name}
    return {**words.arguments(planned, facts.plan.site, reference), **network}


def user(wanted: Wanted, told: dict[str, Any]) -> str:
    """Whose its processes are."""
    found = told["Config"]["User"]
    return "" if found == wanted["user"] else f"user {found or 'root'}, planned {wanted['user']}"


def root(wanted: Wanted, told: dict[str, Any]) -> str:
    """Whether its programs can be changed."""
    found = told["HostConfig"]["ReadonlyRootfs"]
    return "" if found or not wanted["read_only"] else "its root file system can be written"


def rights(wanted: Wanted, told: dict[str, Any]) -> str:
    """What its processes may beyond those of any user."""
    host = told["HostConfig"]
    more = sorted(_names(host["CapAdd"]) - _names(wanted["capabilities"]["adds"]))
    faults = [f"capability {name}" for name in more]
    if "ALL" not in _names(host["CapDrop"]):
        faults.append("keeps the engine's default capabilities")
    if host["Privileged"]:
        faults.append("privileged")
    if not set(wanted["security_opts"]) <= set(host["SecurityOpt"] or ()):
        faults.append("may gain new privileges")
    return ", ".join(faults)


def _names(capabilities: list[str] | None) -> set[str]:
    return {name.removeprefix("CAP_") for name in capabilities or ()}


def limits(wanted: Wanted, told: dict[str, Any]) -> str:
    """MiB and cores."""
    host = told["HostConfig"]
    found = (host["Memory"] // _MIB, host["MemorySwap"] // _MIB, host["NanoCpus"] / 1e9)
    planned = (wanted["memory"], wanted["memory_swap"], float(wanted["cpus"]))
    if found == planned:
        return ""
    memory, cores = f"{found[0] or 'unlimited'} MiB", f"{found[2]:g} cores" if found[2] else "unlimited cores"
    return f"{memory} and {cores}, planned {planned[0]} MiB and {planned[2]:g} cores"


def restart(wanted: Wanted, told: dict[str, Any]) -> str:
    """What the engine does when it ends."""
    found = told["HostConfig"]["RestartPolicy"]["Name"] or "no"
    return "" if found == wanted["restart"] else f"restart policy {found}, planned {wanted['restart']}"


def logs(wanted: Wanted, told: dict[str, Any]) -> str:
    """Whether its log can fill the disk."""
    found = told["HostConfig"]["LogConfig"]
    planned = wanted["log_driver"], wanted["log_opts"]
    return (
        ""
        if (found["Type"], found["Config"]) == planned
        else f"log by {found['Type']} with {found['Config'] or 'no end'}"
    )


def ports(wanted: Wanted, told: dict[str, Any]) -> str:
    """What the host listens on for it."""
    bindings = told["HostConfig"]["PortBindings"] or {}
    found = {(b["HostIp"], int(b["HostPort"])) for some in bindings.values() for b in some or ()}
    planned = {(port["ip"], port["external"]) for port in wanted["ports"]}
    return _differs("listens on", {f"{ip}:{n}" for ip, n in found}, {f"{ip}:{n}" for ip, n in planned})


def mounts(wanted: Wanted, told: dict[str, Any]) -> str:
    """What it sees of the host."""
    found = {f"{m.get('Name') or m['Source']} at {m['Destination']}{'' if m['RW'] else ' ro'}" for m in told["Mounts"]}
    volumes = [(v.get("volume_name") or v["host_path"], v["container_path"], v["read_only"]) for v in wanted["volumes"]]
    binds = [(m["source"], m["target"], m["read_only"]) for m in wanted["mounts"]]
    planned = {f"{source} at {place}{' ro' if fixed else ''}" for source, place, fixed in volumes + binds}
    return _differs("mounts", found, planned)


def network(wanted: Wanted, told: dict[str, Any]) -> str:
    """Whom it can reach."""
    mode = told["HostConfig"]["NetworkMode"]
    faults = [_differs("network", set(told["NetworkSettings"]["Networks"]), {wanted["network"]})]
    if mode == "host" or mode.startswith("container:"):
        faults.append(f"shares the network of {mode}")
    if told["HostConfig"]["PidMode"] not in ("", wanted["pid_mode"]):
        faults.append(f"sees the processes of {told['HostConfig']['PidMode']}")
    return ", ".join(fault for fault in faults if fault)


def _differs(what: str, found: set[str], planned: set[str]) -> str:
    more, less = sorted(found - planned), sorted(planned - found)
    told = [f"{what} {', '.join(more)}, which is not planned"] if more else []
    return "; ".join(told + ([f"lacks {what} {', '.join(less)}"] if less else []))


def clear_secrets(told: dict[str, Any]) -> str:
    """Names only; the value is not repeated."""
    pairs = [variable.partition("=") for variable in told["Config"]["Env"] or ()]
    faults = [f"variable {name}" for name, _, text in pairs if _IN_URL.search(text) or _suspect(name, text)]
    arguments = [*(told["Config"]["Entrypoint"] or ()), *(told["Config"]["Cmd"] or ())]
    faults += [f"argument {n}" for n, text in enumerate(arguments) if _IN_URL.search(text) or _FLAG.search(text)]
    return f"{', '.join(faults)} may be a secret" if faults else ""


def _suspect(name: str, text: str) -> bool:
    """A path tells where a secret is, and not the secret."""
    return bool(_NAMED.search(name) and text and not text.startswith("/"))


def image(facts: Facts, planned: Planned, told: dict[str, Any]) -> str:
    """Whether it runs what the plan names, and what the engine has under that name now."""
    engine, reference = facts.engines[planned.instance.host], facts.references[planned.instance.workload.image]
    found = told["Config"]["Image"]
    if found != reference:
        return f"runs {found}, planned {reference}"
    known = None if isinstance(engine, Unasked) else engine.images.get(found)
    return "" if known in (None, told["Image"]) else f"{found} is another image now"


def crash(told: dict[str, Any]) -> str:
    """How often it ended by itself."""
    killed = "killed for memory" if told["State"].get("OOMKilled") else ""
    times = f"restarts: {told['RestartCount']}" if told["RestartCount"] else ""
    return ", ".join(text for text in (killed, times) if text)
