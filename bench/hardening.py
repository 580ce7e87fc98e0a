"""What auditors say of a host before and after `basalt hosts site`, and whether it lasts.

    python -m bench.hardening [bare] [basalt] [dev_sec --collections FOLDER] --docker-bench FOLDER

Debian 13 hosts with a kernel of their own (tests/lab/vm.py), one for each arm and one at a time, audited:
  lynis       the hardening index of `lynis audit system`: points of possible ones, 100 at most
  openscap    rules of the profile ANSSI BP-028 (enhanced) out of ssg-debian. Its content for Debian 12 is told that it
              may look at 13; there is none for 13 in Debian 13. `passed_of_100` leaves out what does not apply
  ssh_audit   what it fails and warns of
  docker_bench  docker/docker-bench-security (CIS Docker Benchmark 1.6) out of FOLDER, about host and engine: what
              passes less what it warns of. Where there is no engine, Debian's is installed, after the other audits
bare is a host as it was installed. basalt is one that `site` was run over twice, the second time for nothing; after its
audit it boots, the kernel is asked what is still in force, and `site` runs again. dev_sec is one that os_hardening and
ssh_hardening of dev-sec/ansible-collection-hardening were run over twice; FOLDER/ansible_collections holds it as
devsec/hardening, and ansible.posix, community.general and community.crypto, which it needs. What still fails on
ours has its reason in ansible/audits/reasons.yml. What an arm found replaces what it had found before."""

import argparse
import base64
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import dev_sec as dev_sec_roles
from tests.ansible.virtual import NAME, Virtual, virtual
from tests.lab.vm import VirtualMachine
from tests.live.project import ROOT
from tests.waiting import until

_PROFILE = "xccdf_org.ssgproject.content_profile_anssi_bp28_enhanced"
_RULE = "xccdf_org.ssgproject.content_rule_"
_CONTENT = "/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
#: Both at once: the host has two cores, and each of them uses one.
_AUDITS = rf"""
lynis audit system --quick --no-colors > /root/lynis.log 2>&1 &
sed 's/\^12\.\[0-9\]+\$/^13.[0-9]+$/' {_CONTENT} > /root/content.xml
oscap xccdf eval --profile {_PROFILE} /root/content.xml > /root/oscap.log 2> /root/oscap.err
wait
"""
_GROUPS = "host_configuration,docker_daemon_configuration,docker_daemon_files"
_DOCKER_LOG = "log/docker-bench-security.log.json"
_ENGINE = "command -v docker || apt-get install --yes --no-install-recommends apparmor docker.io docker-cli iptables"


@dataclass(frozen=True)
class Sources:
    """Folders of what others have written."""

    collections: Path
    docker_bench: Path


def lynis(report: str) -> dict[str, Any]:
    """Out of lynis-report.dat: the index, and what it warns of and suggests, as `TEST text`."""
    lines = [line.partition("=") for line in report.splitlines()]
    told = {name: [v for n, _, v in lines if n == name] for name in ("hardening_index", "warning[]", "suggestion[]")}
    named = {kind: [" ".join(v.split("|")[:2]) for v in told[f"{kind}[]"]] for kind in ("warning", "suggestion")}
    return {"index": int(told["hardening_index"][0]), "warnings": named["warning"], "suggestions": named["suggestion"]}


def openscap(output: str) -> dict[str, Any]:
    """Out of what `oscap xccdf eval` prints: how many rules ended how, and those that failed."""
    rules = re.findall(rf"^Rule\s+{_RULE}(\S+)$.*?^Result\s+(\S+)$", output, re.MULTILINE | re.DOTALL)
    ended = {result: sum(1 for _, found in rules if found == result) for result in sorted({r for _, r in rules})}
    judged = ended.get("pass", 0) + ended.get("fail", 0)
    return {
        "passed_of_100": round(100 * ended.get("pass", 0) / judged),
        "rules": ended,
        "failed": sorted(name for name, result in rules if result == "fail"),
    }


def ssh_audit(machine: VirtualMachine) -> dict[str, list[str]]:
    """Algorithms that it fails, and that it warns of."""
    audit = [str(Path(sys.executable).with_name("ssh-audit")), "--json", "--port", str(machine.port), "127.0.0.1"]
    told = json.loads(subprocess.run(audit, text=True, capture_output=True, check=False).stdout)
    seen = [entry for kind in ("kex", "key", "enc", "mac") for entry in told[kind]]
    # sshd keeps away for a while who opens connections and does not log in.
    until(lambda: machine.ran("true"), "an end of sshd's patience", 120, every=5)
    return {word: [e["algorithm"] for e in seen if word in e["notes"]] for word in ("fail", "warn")}


def docker_bench(report: str) -> dict[str, Any]:
    """Out of the log in JSON of docker-bench-security: its score, how many checks ended how, and those it warns of."""
    told = json.loads(report)
    rows = [row for section in told["tests"] for row in section["results"]]
    ended = dict(sorted(Counter(row["result"] for row in rows).items()))
    warned = [f"{row['id']} {row['desc']}" for row in rows if row["result"] == "WARN"]
    return {"score": told["score"], "checks": ended, "warnings": warned}


def _run_docker_bench(machine: VirtualMachine, program: Path) -> str:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for name in ("docker-bench-security.sh", "functions", "tests"):
                tar.add(program / name, name)
        packed = base64.b64encode(file.getvalue()).decode()
    machine.run(f"mkdir -p /root/bench && base64 -d <<< {packed} | tar --extract --gzip --directory=/root/bench")
    machine.run(_ENGINE)
    # It ends with the status of whatever it asked last.
    return machine.run(f"cd /root/bench; bash docker-bench-security.sh -b -c {_GROUPS} > out 2>&1; cat {_DOCKER_LOG}")


def audit(machine: VirtualMachine, sources: Sources) -> dict[str, Any]:
    """All four."""
    started = time.monotonic()
    machine.run(_AUDITS)
    found = {
        "lynis": lynis(machine.run("cat /var/log/lynis-report.dat")),
        "openscap": openscap(machine.run("cat /root/oscap.log")),
        "ssh_audit": ssh_audit(machine),
        "docker_bench": docker_bench(_run_docker_bench(machine, sources.docker_bench)),
    }
    print(found["lynis"]["index"], found["openscap"]["rules"], f"{time.monotonic() - started:.0f} s", flush=True)
    return found


def site(host: Virtual) -> dict[str, Any]:
    """One run. SystemExit with its output when it fails."""
    run = host.play("site")
    if run.code:
        raise SystemExit(run.output)
    return {"changed": run.of(NAME, "changed"), "tasks": run.of(NAME, "ok"), "seconds": round(run.seconds)}


def standing(host: Virtual) -> dict[str, Any]:
    """What is in force: variables that are otherwise, rules of the firewall, kinds of audit rules that are missing."""
    variables = host.variables
    return {
        "variables": len(variables),
        "variables_otherwise": sorted(name for name, value in host.wanted.items() if variables[name] != value),
        "firewall_accepts": host.firewall.count(" accept"),
        "audit_rules": len(host.audited),
        "audit_rules_missing": sorted(host.audit_rules - host.audited),
    }


def bare(sources: Sources) -> dict[str, Any]:
    """As it was installed."""
    with tempfile.TemporaryDirectory() as folder, virtual(Path(folder)) as host:
        return audit(host.machine, sources)


def basalt(sources: Sources) -> dict[str, Any]:
    """Prepared, unchanged, audited, booted."""
    with tempfile.TemporaryDirectory() as folder, virtual(Path(folder)) as host:
        found: dict[str, Any] = {"first": site(host), "second": site(host), **audit(host.machine, sources)}
        host.machine.reboot()
        return {**found, "after_boot": standing(host), "third": site(host)}


def dev_sec(sources: Sources) -> dict[str, Any]:
    """Made by its two roles."""
    with tempfile.TemporaryDirectory() as name, virtual(Path(name)) as host:
        runs = [_dev_sec(host, Path(name), sources.collections) for _ in range(2)]
        return {"first": runs[0], "second": runs[1], **audit(host.machine, sources)}


def _dev_sec(host: Virtual, folder: Path, collections: Path) -> dict[str, Any]:
    at = f"127.0.0.1:{host.machine.port},"
    return dev_sec_roles.run(at, folder, collections, host.lab.operator.variables, host.lab.project.environment)


_ARMS: dict[str, Callable[[Sources], dict[str, Any]]] = {"bare": bare, "basalt": basalt, "dev_sec": dev_sec}


def main() -> None:
    """Prints and writes `bench/hardening.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arms", nargs="*", default=["bare", "basalt"], choices=_ARMS)
    parser.add_argument("--collections", type=Path, default=Path(), help="where dev-sec's is")
    parser.add_argument("--docker-bench", type=Path, required=True, help="a clone of docker/docker-bench-security")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "hardening.json")
    options = parser.parse_args()
    told = json.loads(options.output.read_text()) if options.output.exists() else {}
    sources = Sources(options.collections, options.docker_bench)
    for arm in options.arms:
        told[arm] = {"date": time.strftime("%Y-%m-%d"), **_ARMS[arm](sources)}
        options.output.write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
