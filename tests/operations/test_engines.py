"""The authority of a stack's engines: made once, and known from the stack file alone."""

import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from basalt.operations import engines, pulumi
from basalt.topology.model import own_certificates
from tests.stacks import ONE_HOST, raw

TCP = raw(ONE_HOST, hosts__local__engine="tcp://local:2376")
HOSTS = {
    f"node-{n}": {**TCP["hosts"]["local"], "address": f"192.0.2.{n}", "zone": zone, "engine": f"tcp://node-{n}:2376"}
    for n, zone in ((1, "a"), (2, "b"), (3, "c"))
}


class Vault:
    """What of Pulumi is asked: it keeps a stack file's configuration, and here it does not encrypt."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[tuple[str, ...]] = []

    def capture(self, *arguments: str, stack: str, text: str | None = None) -> str:  # noqa: ARG002  as Pulumi is
        """`config get` and `config set` of a path of two levels."""
        self.asked.append(arguments)
        document: dict[str, Any] = yaml.safe_load(self.path.read_text())
        top, _, part = arguments[-1].rpartition(".")
        held = document["config"].setdefault(top, {})
        if arguments[:2] == ("config", "get"):
            return str(held[part])
        held[part] = text
        self.path.write_text(yaml.safe_dump(document))
        return ""


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    path = tmp_path / "stacks" / "Pulumi.lab.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({"config": {"basalt:topology": TCP}}))
    made = Vault(path)
    monkeypatch.setattr(engines, "ROOT", tmp_path)
    monkeypatch.setattr(pulumi, "capture", made.capture)
    monkeypatch.setattr(pulumi, "select", lambda stack: None)
    return made


def request(folder: Path) -> str:
    """As a host asks."""
    curve = ("-pkeyopt", "ec_paramgen_curve:P-256")
    command = ["openssl", "req", "-new", "-newkey", "ec", *curve, "-nodes", "-keyout", "key", "-subj", "/CN=x"]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=True).stdout


def test_access_is_made_once_and_a_dry_run_makes_nothing(vault: Vault, tmp_path: Path) -> None:
    folder = tmp_path / own_certificates("lab")
    assert engines.access("lab", dry_run=True)
    assert not folder.exists()
    assert not vault.asked
    assert engines.access("lab", dry_run=False)
    held = {path.name: path.read_text() for path in folder.iterdir()}
    assert sorted(held) == ["ca.pem", "cert.pem", "key.pem"]
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    asked = len(vault.asked)
    assert not engines.access("lab", dry_run=False)
    assert {path.name: path.read_text() for path in folder.iterdir()} == held
    assert len(vault.asked) == asked  # who has it needs neither Pulumi nor the passphrase


def test_another_clone_gets_a_certificate_of_its_own_from_the_same_authority(vault: Vault, tmp_path: Path) -> None:
    engines.access("lab", dry_run=False)
    folder = tmp_path / own_certificates("lab")
    first = {name: (folder / name).read_text() for name in ("ca.pem", "cert.pem")}
    shutil.rmtree(folder)
    assert engines.access("lab", dry_run=False)
    assert (folder / "ca.pem").read_text() == first["ca.pem"]
    assert (folder / "cert.pem").read_text() != first["cert.pem"]


def test_a_key_goes_by_standard_input_and_is_encrypted(vault: Vault) -> None:
    engines.access("lab", dry_run=False)
    assert ("config", "set", "--secret", "--path", "basalt:engines.key") in vault.asked
    assert "PRIVATE KEY" not in str(vault.asked)


@pytest.mark.parametrize("name", ["cert.pem", "key.pem", "ca.pem"])
def test_what_is_spoilt_is_made_again(vault: Vault, tmp_path: Path, name: str) -> None:
    engines.access("lab", dry_run=False)
    (tmp_path / own_certificates("lab") / name).write_text("x")
    assert engines.access("lab", dry_run=False)
    assert not engines.access("lab", dry_run=False)


def test_a_host_keeps_its_certificate_until_another_authority_signs(vault: Vault, tmp_path: Path) -> None:
    engines.access("lab", dry_run=False)
    asked = request(tmp_path)
    first = engines.certificates("lab", {"local": asked}, dry_run=False)
    # As Ansible hands over what a command has printed.
    known = {"local": first["local"].certificate + asked.rstrip("\n")}
    assert engines.certificates("lab", known, dry_run=False) == first
    assert engines.certificates("lab", known, dry_run=True) == first
    document = yaml.safe_load(vault.path.read_text())
    del document["config"]["basalt:engines"]
    vault.path.write_text(yaml.safe_dump(document))
    engines.access("lab", dry_run=False)
    assert engines.certificates("lab", known, dry_run=True) == {"local": engines.Signed()}
    assert engines.certificates("lab", known, dry_run=False) != first


def test_the_authority_s_key_is_asked_for_once_and_only_where_something_is_signed(vault: Vault, tmp_path: Path) -> None:
    vault.path.write_text(yaml.safe_dump({"config": {"basalt:topology": {**TCP, "hosts": HOSTS}}}))
    engines.access("lab", dry_run=False)
    vault.asked.clear()
    asked = request(tmp_path)
    first = engines.certificates("lab", dict.fromkeys(HOSTS, asked), dry_run=False)
    assert [one[:2] for one in vault.asked] == [("config", "get")]
    assert len({one.certificate for one in first.values()}) == len(HOSTS)
    known = {host: one.certificate + asked for host, one in first.items()}
    assert engines.certificates("lab", known, dry_run=False) == first
    assert len(vault.asked) == 1


def test_what_cannot_be_signed_is_told_and_others_are_signed(vault: Vault, tmp_path: Path) -> None:
    vault.path.write_text(yaml.safe_dump({"config": {"basalt:topology": {**TCP, "hosts": HOSTS}}}))
    engines.access("lab", dry_run=False)
    found = engines.certificates("lab", {"node-1": "nothing", "node-2": request(tmp_path)}, dry_run=False)
    assert found["node-1"].error.startswith("no certificate can be given to the engine of node-1: ")
    assert (found["node-1"].certificate, found["node-2"].error) == ("", "")
    assert found["node-2"].certificate.startswith("-----BEGIN CERTIFICATE-----")
    with pytest.raises(engines.EngineCertificateError, match="no host nobody; there are: node-1, node-2, node-3"):
        engines.certificates("lab", {"nobody": ""}, dry_run=False)


def test_nothing_is_signed_without_an_authority(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(engines.EngineCertificateError, match="engine-access"):
        engines.certificates("lab", {"local": request(tmp_path)}, dry_run=False)
