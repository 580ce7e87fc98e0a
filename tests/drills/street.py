"""Several containers of one stack on a network of their own, each with the files and certificates that its plan gives
it: what a stack does between some of its workloads, without the others."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import docker
from docker.models.containers import Container
from docker.types import IPAMConfig, IPAMPool

from basalt.operations.tar import archive
from basalt.plan import Plan, Planned
from basalt.targets.certificates import make_authority, make_leaf
from basalt.workload import SecretRef
from tests.drills.house import build

_SUBNET = "198.18.144.0/24"
_OWNER = 10001
#: What runs, where it is not what the workload says.
Commands = dict[str, list[str]]


@dataclass(frozen=True)
class Street:
    """`containers` by the names of their instances; `secrets` by their names."""

    containers: dict[str, Container]
    secrets: dict[str, str]

    def run(self, name: str, *command: str) -> str:
        """What a command prints. AssertionError when it fails."""
        code, printed, told = self.try_(name, *command)
        assert code == 0, f"{command} in {name} ended with {code}: {told or printed}"
        return printed

    def try_(self, name: str, *command: str) -> tuple[int, str, str]:
        """Its code, and what it prints to each output."""
        code, output = self.containers[name].exec_run(list(command), demux=True)
        printed, told = (bytes(part or b"").decode(errors="replace") for part in output)
        return int(code or 0), printed, told


@contextmanager
def street(made: Plan, names: tuple[str, ...], commands: Commands, **given: str) -> Iterator[Street]:
    """Removed afterwards. `given`: operators' secrets; all others are made up."""
    client, token = docker.from_env(), secrets.token_hex(4)
    planned = {one.instance.name: one for one in made.planned if one.instance.name in names}
    assert set(planned) == set(names), set(names) - set(planned)
    known = {ref.name: secrets.token_hex(16) for one in planned.values() for file in one.files for ref in file.secrets}
    known |= {f"given/{name}": secret for name, secret in given.items()}
    authority = make_authority("stack of a test")
    pool = IPAMConfig(pool_configs=[IPAMPool(subnet=_SUBNET)])
    network = client.networks.create(f"basalt-street-{token}", ipam=pool, labels={"basalt.lab": "test"})
    containers: dict[str, Container] = {}
    try:
        for name in names:
            workload = planned[name].instance.workload
            containers[name] = client.containers.create(
                build(workload.image),
                commands.get(name, list(workload.command)),
                name=f"basalt-street-{token}-{name}",
                hostname=name,
                labels={"basalt.lab": "test"},
                tmpfs={one.path: f"uid={_OWNER},gid={_OWNER},mode=0700" for one in workload.tmpfs},
                cap_drop=["ALL"],
                restart_policy={"Name": "always"},
                init=True,
            )
            network.connect(containers[name], aliases=[name])
            client.networks.get("bridge").disconnect(containers[name])
            containers[name].put_archive("/etc/basalt", _archive(planned[name], known, authority))
        for container in containers.values():
            container.start()
        yield Street(containers, known)
    finally:
        for container in containers.values():
            container.remove(force=True, v=True)
        network.remove()


def _archive(planned: Planned, known: dict[str, str], authority: dict[str, str]) -> bytes:
    texts = {file.path: SecretRef.fill(file.text, known) for file in planned.files}
    for certificate in planned.certificates:
        leaf = make_leaf(list(certificate.names), 2, authority["certificate"], authority["key"])
        folder = f"tls/{certificate.authority.name}"
        texts[f"{folder}/ca.crt"] = authority["certificate"]
        texts |= {f"{folder}/tls.crt": leaf["certificate"], f"{folder}/tls.key": leaf["key"]}
    return archive(texts)
