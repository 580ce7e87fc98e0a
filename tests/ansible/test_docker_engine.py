"""The engine of a prepared host: whom it lets in, and what it does when it is told otherwise."""

import http.client
import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from basalt.targets.certificates import CLIENT, make_authority, make_leaf
from basalt.topology.model import own_certificates
from tests.ansible.lab import ENGINE, HOSTS, STRANGER, Lab, Run
from tests.lab.machines import Machine
from tests.waiting import until

TLS = "/etc/docker/tls"
#: What a container needs to sleep: enough of Debian for an image.
PROGRAM = ("lib64/ld-linux-x86-64.so.2", "usr/bin/sleep", "lib/x86_64-linux-gnu/libc.so.6")


def folder(lab: Lab) -> Path:
    """What `site` has made for who speaks to the engines."""
    return lab.project.folder / own_certificates("lab")


def asked(lab: Lab, name: str, certificate: Path | None, key: Path | None) -> int:
    """The status that an engine's API answers with. OSError when it does not let the client in."""
    context = ssl.create_default_context(cafile=str(folder(lab) / "ca.pem"))
    if certificate:
        context.load_cert_chain(certificate, key)
    connection = http.client.HTTPSConnection(lab.machines[name].address, ENGINE, timeout=10, context=context)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", HOSTS)
def test_what_site_has_made_opens_every_engine(lab: Lab, name: str) -> None:
    assert asked(lab, name, folder(lab) / "cert.pem", folder(lab) / "key.pem") == http.HTTPStatus.OK


def test_nobody_else_gets_in(lab: Lab, tmp_path: Path) -> None:
    """Without a certificate, with one of another authority, and with that of another engine, which only serves."""
    other = make_authority("basalt lab engines")
    pair = make_leaf(["operator-of-lab"], 1, other["certificate"], other["key"], [CLIENT])
    machine = lab.machines["node-2"]
    texts = {
        "other.pem": pair["certificate"] + pair["key"],
        "engine.pem": machine.run("cat", f"{TLS}/cert.pem") + machine.run("cat", f"{TLS}/key.pem"),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    for certificate in (None, *(tmp_path / name for name in texts)):
        # It hangs up; whether the alert that says why is read before that is chance.
        with pytest.raises((ssl.SSLError, ConnectionResetError, BrokenPipeError)) as refused:
            asked(lab, "node-1", certificate, None)
        assert not isinstance(refused.value, ssl.SSLCertVerificationError), "it is the client that hung up"


def test_only_the_operator_s_addresses_reach_it(lab: Lab) -> None:
    for source in ("node-2", STRANGER):
        assert lab.machines[source].open_ports(lab.machines["node-1"].address, [ENGINE]) == set()


def test_a_host_s_key_has_not_left_it(host: Host, lab: Lab) -> None:
    assert host.file(f"{TLS}/key.pem").mode == 0o600
    key = host.check_output(f"cat {TLS}/key.pem").splitlines()[1]
    held = [path for path in lab.project.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    kept = [path for path in held if "/.basalt/bin/" not in str(path) and key.encode() in path.read_bytes()]
    assert kept == []


def test_it_is_as_it_is_told(host: Host, declared: dict[str, Any]) -> None:
    found = json.loads(host.check_output("docker info --format '{{json .}}'"))
    assert found["LiveRestoreEnabled"]
    assert json.loads(host.file("/etc/docker/daemon.json").content_string)["no-new-privileges"]
    # That of Debian 12 does not tell.
    assert "name=no-new-privileges" in found["SecurityOptions"] or found["ServerVersion"].startswith("20.10.")
    assert found["LoggingDriver"] == "json-file"
    pools = [{"base": pool["Base"], "size": pool["Size"]} for pool in found["DefaultAddressPools"]]
    assert pools == declared["basalt_engine_pools"]
    bridge = json.loads(host.check_output("docker network inspect bridge"))[0]
    assert bridge["IPAM"]["Config"][0]["Subnet"] == "172.16.0.0/24"
    assert bridge["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert host.service("docker").is_enabled


@pytest.fixture
def sleeper(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A host with a container that sleeps."""
    machine = lab.machines[request.param]
    words = f"tar --create --dereference --directory / {' '.join(PROGRAM)} | docker import - sleeper"
    machine.run("sh", "-c", words)
    machine.run("docker", "run", "--detach", "--name", "sleeper", "sleeper", "/usr/bin/sleep", "infinity")
    yield machine
    machine.run("docker", "rm", "--force", "sleeper")
    machine.run("docker", "rmi", "sleeper")


def _told(lab: Lab, name: str, *arguments: str) -> Run:
    return lab.right("site", "--limit", name, "--tags", "docker_engine", *arguments)


def _process(machine: Machine, what: str) -> str:
    if what == "engine":
        return machine.run("systemctl", "show", "docker", "--property=MainPID", "--value")
    return machine.run("docker", "inspect", "--format", "{{.State.Pid}} {{.State.Running}}", what)


@pytest.mark.parametrize("sleeper", ["node-3"], indirect=True)
def test_a_change_is_taken_up_by_what_it_takes_and_containers_live_on(lab: Lab, sleeper: Machine) -> None:
    engine, container = _process(sleeper, "engine"), _process(sleeper, "sleeper")
    run = _told(lab, sleeper.name, "--extra-vars", '{"docker_engine_mirrors": ["https://mirror.example.com"]}')
    assert "registry-mirrors: by a reload of the engine" in " ".join(run.output.split())
    until(lambda: "https://mirror.example.com/" in sleeper.run("docker", "info"), "the mirror", 120)
    assert (_process(sleeper, "engine"), _process(sleeper, "sleeper")) == (engine, container)
    _told(lab, sleeper.name)


@pytest.mark.parametrize("sleeper", ["node-1"], indirect=True)
def test_an_engine_that_would_stop_its_containers_with_itself_is_told_first(lab: Lab, sleeper: Machine) -> None:
    changes = ["-e", 's/"max-file": "3"/"max-file": "2"/', "-e", "/live-restore/d"]
    sleeper.run("sed", "--in-place", *changes, "/etc/docker/daemon.json")
    sleeper.run("systemctl", "restart", "docker")
    sleeper.run("docker", "start", "sleeper")
    sleeper.run("systemctl", "reset-failed", "docker")  # Debian's may be started thrice a minute
    engine, container = _process(sleeper, "engine"), _process(sleeper, "sleeper")
    run = _told(lab, sleeper.name)
    assert re.search("live-restore, log-opts.*: by a restart of the engine", " ".join(run.output.split()))
    steps = ("Let containers outlive the engine", "Have it take that up", "Configure the engine")
    assert run.changed["node-1"] == [f"docker_engine : {step}" for step in steps]
    assert _process(sleeper, "engine") != engine
    assert _process(sleeper, "sleeper") == container


def test_a_configuration_that_nothing_has_taken_up_yet_is_taken_up(lab: Lab) -> None:
    machine = lab.machines["node-1"]
    machine.run("rm", "/run/basalt-docker-engine")
    machine.run("systemctl", "reset-failed", "docker")
    run = _told(lab, machine.name)
    assert run.changed["node-1"] == ["docker_engine : See whether all of it is in force"]
    assert machine.ran("test", "-e", "/run/basalt-docker-engine")


@pytest.fixture
def foreign(lab: Lab) -> Iterator[None]:
    """A host that says it has Docker's own package."""
    machine = lab.machines["node-1"]
    control = "Package: docker-ce\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.com>\\nDescription: x\\n"
    machine.run("sh", "-ec", f"mkdir -p /srv/ce/DEBIAN; printf '{control}' > /srv/ce/DEBIAN/control")
    machine.run("sh", "-ec", "dpkg-deb --build /srv/ce /srv/ce.deb; dpkg --force-conflicts --install /srv/ce.deb")
    yield
    machine.run("sh", "-ec", "dpkg --purge docker-ce; rm -r /srv/ce /srv/ce.deb")


@pytest.mark.usefixtures("foreign")
def test_another_s_engine_is_not_removed(lab: Lab) -> None:
    run = lab.play("site", "--limit", "node-1", "--tags", "docker_engine")
    assert run.code != 0
    assert "Docker's own packages are installed" in run.output
    assert run.changed["node-1"] == []


def test_what_is_there_is_not_hidden_unasked(lab: Lab) -> None:
    elsewhere = '{"docker_engine_settings": {"data-root": "/srv/docker"}}'
    run = lab.play("site", "--limit", "node-1", "--tags", "docker_engine", "--extra-vars", elsewhere)
    assert run.code != 0
    assert "data-root would differ from what /etc/docker/daemon.json has" in " ".join(run.output.split())
    assert run.changed["node-1"] == []
