"""Another key for who connects: it opens every host before the former one does not any more."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml

from tests.ansible.lab import HOSTS, Lab, Run
from tests.lab.machines import Operator

#: Of root, which are its own, and of who is declared.
_KEYS = ("/root/.ssh/authorized_keys", "/etc/ssh/authorized_keys_ops")


@pytest.fixture
def new(lab: Lab) -> Iterator[Operator]:
    """Another key of the same operator; afterwards the first opens the hosts again, and alone."""
    made = replace(lab.operator, name="new")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made.key)], check=True)
    before = {(name, path): lab.machines[name].run("cat", path) for name in HOSTS for path in _KEYS}
    yield made
    for (name, file), keys in before.items():
        lab.machines[name].run("sh", "-c", 'printf %s "$0" > "$1"', keys, file)
    for path in (made.key, made.key.with_suffix(".pub")):
        path.unlink()
    # Keys that open nothing any more were tried.
    lab.pardon()


def opens(lab: Lab, operator: Operator, user: str = "root") -> list[str]:
    """The hosts that an operator's key opens."""
    return [name for name in HOSTS if operator.ssh(f"{user}@{lab.machines[name].address}", "true").returncode == 0]


def rotated(lab: Lab, new: Operator, *arguments: str) -> Run:
    keys = {"rotate_from": lab.operator.key, "rotate_to": new.key}
    return lab.play("rotate_ssh_keys", *(f"--extra-vars={name}={path}" for name, path in keys.items()), *arguments)


def test_the_new_key_opens_all_and_the_former_none(lab: Lab, new: Operator) -> None:
    dry = rotated(lab, new, "--check")
    assert dry.code == 0, dry.output
    assert dry.changed == {
        name: ["rotation : Let the new key in", "rotation : Take the former key out of it"] for name in HOSTS
    }
    assert (opens(lab, lab.operator), opens(lab, new)) == (list(HOSTS), [])
    run = rotated(lab, new)
    assert run.code == 0, run.output
    assert run.changed == dry.changed
    assert (opens(lab, lab.operator), opens(lab, new)) == ([], list(HOSTS))
    again = rotated(lab, new)
    assert again.code == 0, again.output
    assert not any(again.changed.values())


def test_where_it_does_not_open_one_host_the_former_one_goes_on(lab: Lab, new: Operator) -> None:
    machine = lab.machines["node-2"]
    # There sshd looks elsewhere for root's keys.
    machine.run("sh", "-c", "cp /root/.ssh/authorized_keys /srv/keys; cp --preserve=mode /etc/ssh/sshd_config /srv/")
    machine.run("sed", "--in-place", "s#^AuthorizedKeysFile .*#AuthorizedKeysFile /srv/keys#", "/etc/ssh/sshd_config")
    machine.run("systemctl", "reload", "ssh.service")
    try:
        run = rotated(lab, new)
    finally:
        machine.run("sh", "-c", "mv /srv/sshd_config /etc/ssh/sshd_config; rm /srv/keys")
        machine.run("systemctl", "reload", "ssh.service")
    assert run.code != 0
    assert run.of("node-2", "unreachable") == 1
    assert opens(lab, lab.operator) == list(HOSTS)


def test_who_is_declared_has_the_new_key_declared_first(lab: Lab, new: Operator) -> None:
    run = rotated(lab, new, "--extra-vars=ansible_user=ops")
    assert run.code != 0
    assert "Who is in base_users has the new public key there" in " ".join(run.output.split())
    assert not any(run.changed.values())


def test_who_is_declared_goes_on_with_the_key_that_is_declared(lab: Lab, new: Operator) -> None:
    before = lab.variables.read_text()
    declared = yaml.safe_load(before)
    # With what somebody may do with it (authorized_keys(5)).
    key = f"no-agent-forwarding {new.key.with_suffix('.pub').read_text().strip()}"
    users = [{**user, "keys": [key]} if user["name"] == "ops" else user for user in declared["base_users"]]
    lab.tell(**{**declared, "base_users": users})
    try:
        run = rotated(lab, new, "--extra-vars=ansible_user=ops")
        again = rotated(lab, new, "--extra-vars=ansible_user=ops")
    finally:
        lab.variables.write_text(before)
    assert run.code == 0, run.output
    steps = ["rotation : Let the new key in", "rotation : Take it out of the declared ones"]
    assert run.changed == dict.fromkeys(HOSTS, steps)
    assert again.code == 0, again.output
    assert not any(again.changed.values())
    assert (opens(lab, lab.operator, "ops"), opens(lab, new, "ops")) == ([], list(HOSTS))
    assert opens(lab, lab.operator) == list(HOSTS), "root's keys are another account's"
    written = lab.machines["node-1"].run("cat", _KEYS[1]).splitlines()
    assert [line for line in written if not line.startswith("#")] == [key]
