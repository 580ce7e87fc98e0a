"""`pulumi up` from nothing against plain `docker run` of the very same containers, in one run, interleaved.

    python -m bench.up [--rounds N]

Arms from nothing, one right after the other in every round, images present, state on the local disk:
  empty    `pulumi up` of a program that does nothing
  ours     `pulumi up --skip-preview` of a whole stack, until everything is healthy
  plain    `docker run` of the same containers with the same arguments, in the same order, then waiting for the same
           health; its networks, volumes and files are there already and are not counted
Arms in which nothing changes, in turns once the first backup is there, beside the same running containers:
  again    `pulumi up` of ours; `empty_again` that of the program that does nothing; `bare_again` that of a program
           which declares the same containers, made but not started, and nothing else: no files, certificates,
           volumes, gates
Ratios, of which the medians count: ours / (plain + empty), again / empty_again, bare_again / empty_again. Goal 5 of the
project: <= 1.5 and <= 2.5.
"""

import argparse
import json
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from basalt.images import reference
from basalt.plan import Plan
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import arguments, labels, volume_name
from basalt.targets.docker.engine import connect
from basalt.targets.docker.graph import in_order
from basalt.targets.docker.health import well
from basalt.targets.docker.waiting import wait_completed
from tests.live.project import ROOT, Project, copy
from tests.waiting import until

STACK = "bench"
_TURNS = 9
_UNCHANGED = ("again", "empty_again", "bare_again")
FOLDER = ROOT / ".basalt" / "bench"
_BARE = """
import gc
from pathlib import Path
import pulumi
import pulumi_docker as docker
from basalt.images import reference
from basalt.plan import plan
from basalt.targets.docker.container import arguments
from basalt.topology.load import load_stack

gc.disable()
pulumi.log.debug = lambda *_args, **_options: None
made = plan(load_stack(Path(__file__).parent.parent, "bench"))
for planned in made.planned:
    told = arguments(planned, made.site, reference(planned.instance.workload.image))
    told |= {"name": "bare-" + told["name"], "volumes": [], "start": False, "must_run": False}
    docker.Container(planned.instance.name, **told)
"""


def prepare() -> Project:
    """A copy of the repository with a stack `bench`: the topology of `test` under another name."""
    document = yaml.safe_load((ROOT / "stacks" / "Pulumi.test.yaml").read_text())
    topology = document["config"]["basalt:topology"]
    topology["network"] = "198.18.240.0/20"
    topology["services"]["nginx"]["publish"] = {"https": "127.0.0.1:28443", "http": "127.0.0.1:28080"}
    topology["services"]["monitoring"]["publish"] = "127.0.0.1:29090"
    project = copy(FOLDER, STACK)
    project.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))
    project.basalt("images")
    project.run("pulumi", "stack", "select", "--create", STACK)
    return project


def program(project: Project, name: str, text: str) -> Project:
    """Another Pulumi program, beside the copy."""
    folder = project.folder / name
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (folder / "__main__.py").write_text(text)
    shutil.copytree(project.folder / ".basalt", folder / ".basalt", symlinks=True, dirs_exist_ok=True)
    made = Project(folder, STACK)
    made.run("pulumi", "stack", "select", "--create", STACK)
    return made


def seconds(project: Project, *command: str) -> float:
    """How long a `pulumi` command takes, its end included."""
    started = time.monotonic()
    project.pulumi(*command)
    return time.monotonic() - started


UP = ("up", "--yes", "--skip-preview", "--suppress-outputs", "--parallel", "32")


#: What `flags` passes on, or what means nothing to `docker run`; by its key in `container.arguments`.
# fmt: off
_CARRIED = frozenset([
    "name", "hostname", "image", "command", "user", "envs", "hosts", "ports", "volumes", "mounts", "tmpfs", "read_only",
    "capabilities", "security_opts", "memory", "memory_swap", "cpus", "cpu_shares", "shm_size", "restart", "must_run",
    "stop_signal", "stop_timeout", "destroy_grace_seconds", "log_driver", "log_opts", "pid_mode", "healthcheck",
])
# fmt: on


def flags(told: dict[str, Any], plan: Plan, address: str, marks: dict[str, str]) -> list[str]:
    """The arguments of `docker run` for what `container.arguments` tells Pulumi. ValueError for what it does not know:
    the arms would not run the same containers."""
    if strange := told.keys() - _CARRIED:
        raise ValueError(f"bench/up.py has no flag of docker run for {', '.join(sorted(strange))}")
    found = ["--read-only"] if told["read_only"] else []
    pairs = [*_single(told), ("--ip", address), ("--network", plan.topology.name)]
    pairs += [("--cap-drop", name) for name in told["capabilities"]["drops"]]
    pairs += [("--cap-add", name) for name in told["capabilities"]["adds"]]
    pairs += [("--security-opt", option) for option in told["security_opts"]]
    pairs += [("--env", v) for v in told["envs"]] + [("--label", f"{k}={v}") for k, v in marks.items()]
    pairs += [("--log-opt", f"{k}={v}") for k, v in told["log_opts"].items()]
    pairs += [("--add-host", f"{host['host']}:{host['ip']}") for host in told["hosts"]]
    pairs += [("--tmpfs", f"{path}:{how}") for path, how in told["tmpfs"].items()]
    pairs += [("--publish", f"{p['ip']}:{p['external']}:{p['internal']}") for p in told["ports"]]
    pairs += [("--volume", _volume(mount)) for mount in told["volumes"]]
    pairs += [("--mount", _mount(mount)) for mount in told["mounts"]]
    pairs += _health(told["healthcheck"]) if told["healthcheck"] else []
    return found + [word for pair in pairs for word in pair]


def _single(told: dict[str, Any]) -> list[tuple[str, str]]:
    """What is said once."""
    flags = {
        "name": told["name"],
        "hostname": told["hostname"],
        "user": told["user"],
        "memory": f"{told['memory']}m",
        "memory-swap": f"{told['memory_swap']}m",
        "cpus": told["cpus"],
        "cpu-shares": told["cpu_shares"],
        "pid": told["pid_mode"],
        "shm-size": f"{told['shm_size']}m",
        "restart": told["restart"],
        "stop-signal": told["stop_signal"],
        "stop-timeout": told["stop_timeout"],
        "log-driver": told["log_driver"],
    }
    return [(f"--{flag}", str(value)) for flag, value in flags.items() if value is not None]


def _volume(mount: dict[str, Any]) -> str:
    source = mount.get("volume_name") or mount["host_path"]
    return f"{source}:{mount['container_path']}:{'ro' if mount['read_only'] else 'rw'}"


def _mount(mount: dict[str, Any]) -> str:
    how = f"type={mount['type']},source={mount['source']},target={mount['target']}"
    return f"{how},readonly,bind-propagation={mount['bind_options']['propagation']}"


def _health(probe: dict[str, Any]) -> list[tuple[str, str]]:
    # `docker run` takes a probe as one line for a shell only.
    return [
        ("--health-cmd", shlex.join(probe["tests"][1:])),
        ("--health-interval", probe["interval"]),
        ("--health-timeout", probe["timeout"]),
        ("--health-start-period", probe["start_period"]),
        ("--health-retries", str(probe["retries"])),
    ]


def plain(plan: Plan) -> float:
    """Runs every container by `docker run`; seconds until everything is healthy."""
    engine = describe(next(iter(plan.topology.hosts.values())))
    started = time.monotonic()
    lasting = []
    # What waits for nobody first: a task that is waited for must find what it works on.
    order = sorted(in_order(plan), key=lambda p: p.instance.workload.task or bool(p.instance.workload.after))
    for planned in order:
        instance = planned.instance
        told = arguments(planned, plan.site, reference(instance.workload.image))
        marks = labels(plan.site, instance)
        command = [
            "docker",
            "run",
            "--detach",
            *flags(told, plan, instance.address, marks),
            told["image"],
            *told["command"],
        ]
        subprocess.run(command, check=True, capture_output=True, text=True)
        if instance.workload.task:
            wait_completed(engine, told["name"], 600)
        else:
            lasting.append(told["name"])
    containers = connect(engine).containers
    # Looked at as often as can be: what ours waits for is told by the same probes, less often.
    until(lambda: all(well(containers.get(name)) for name in lasting), "all healthy", 600, every=0.25)
    return time.monotonic() - started


def clear(project: Project, *, files: bool) -> None:
    """Removes the containers and their data; `files` too, or keeps network and file volumes for the plain arm."""
    if files:
        project.remove()
        return
    names = [str(container.name) for container in project.containers().values()]
    subprocess.run(["docker", "rm", "--force", *names], check=True, capture_output=True)
    # By name: what `docker run` made has no label.
    site = project.plan.site
    data = {volume_name(site, instance, volume) for instance in site.instances for volume in instance.workload.volumes}
    subprocess.run(["docker", "volume", "rm", *sorted(data)], check=True, capture_output=True)


def settle(project: Project) -> None:
    """Waits for what a new stack does by itself: until its first backup is there, it takes a processor."""
    until(lambda: _backups(project), "the first backup", 300, every=2)


def _backups(project: Project) -> bool:
    """Whether there is one of the database."""
    rows = project.told("backups")
    return any(row["kind"] == "database" for row in rows)


def from_nothing(project: Project, empty: Project) -> dict[str, float]:
    """The arms that begin with nothing, each right after the other: the machine is not as fast in every minute."""
    empty.pulumi("destroy", "--yes", "--skip-preview")
    found = {"empty": seconds(empty, *UP), "ours": seconds(project, *UP)}
    clear(project, files=False)
    found["plain"] = plain(project.plan)
    clear(project, files=False)
    clear(project, files=True)
    found["ratio"] = found["ours"] / (found["plain"] + found["empty"])
    return _rounded(found)


def unchanged(project: Project, empty: Project, bare: Project) -> list[dict[str, float]]:
    """The arms in which nothing changes, in turns."""
    for arm in (project, bare):
        arm.pulumi(*UP)
    settle(project)
    turns = [
        dict(zip(_UNCHANGED, (seconds(arm, *UP) for arm in (project, empty, bare)), strict=True)) for _ in range(_TURNS)
    ]
    for turn in turns:
        turn["ratio_again"] = turn["again"] / turn["empty_again"]
        turn["ratio_bare_again"] = turn["bare_again"] / turn["empty_again"]
    bare.pulumi("destroy", "--yes", "--skip-preview")
    clear(project, files=True)
    return [_rounded(turn) for turn in turns]


def _rounded(found: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    """Prints and writes `bench/up.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "up.json")
    options = parser.parse_args()
    project = prepare()
    empty, bare = program(project, "empty", ""), program(project, "bare", _BARE)
    clear(project, files=True)
    rounds = []
    for number in range(options.rounds):
        rounds.append(from_nothing(project, empty))
        print(f"round {number + 1}: {rounds[-1]}", file=sys.stderr, flush=True)
    turns = unchanged(project, empty, bare)
    medians = {k: round(statistics.median(one[k] for one in rows), 2) for rows in (rounds, turns) for k in rows[0]}
    told = {"containers": len(project.plan.planned), "median": medians, "rounds": rounds, "turns": turns}
    text = json.dumps(told, indent=1)
    options.output.write_text(text + "\n")
    print(text)
    shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
