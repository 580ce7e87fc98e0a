"""Whether a host is as a run left it: what is compared, and what is kept of it."""

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError

from tests.live.project import ROOT

_ROLE = ROOT / "ansible" / "roles" / "standing"


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


state = _module(_ROLE / "files" / "state.py")
inputs = _module(ROOT / "ansible" / "plugins" / "lookup" / "inputs.py")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is kept."""
    monkeypatch.setattr(state, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One that roles write."""
    path = tmp_path / "etc" / "jail.local"
    path.parent.mkdir()
    path.write_text("secret")
    os.utime(path, (1, 1))
    return path


def edit(path: Path) -> None:
    path.write_text("Secret")
    os.utime(path, (1, 1))


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "change", [edit, link, Path.touch, Path.unlink, lambda path: path.chmod(0o600), lambda path: os.chown(path, 1, 1)]
)
def test_whatever_is_done_to_a_file_differs(file: Path, change: Any) -> None:
    if os.geteuid():
        pytest.skip("gives a file away: that takes root")
    file.chmod(0o644)
    before = dict(state.files(state.below([str(file.parent)])))
    change(file)
    after = dict(state.files(state.below([str(file.parent)])))
    assert {name for name in before | after if before.get(name) != after.get(name)} == {str(file)}


def test_what_is_gone_when_it_is_looked_at_is_no_error(file: Path) -> None:
    assert dict(state.files(iter([file.with_name("gone")]))) == {}


def test_a_variable_is_what_the_kernel_has(tmp_path: Path) -> None:
    source = tmp_path / "sysctl.conf"
    source.write_text("# kernel.a=1\nkernel.ostype = Linux\n-kernel.never.there=1\n")
    told = {"variable kernel.ostype": "Linux\n", "variable kernel.never.there": "none"}
    assert dict(state.values([str(source), str(tmp_path / "none")])) == told


def test_a_command_is_its_end_and_its_output_or_that_it_is_not_there() -> None:
    told = dict(state.commands([["sh", "-c", "exit 3"], ["never-installed"], ["echo", "a"]]))
    assert told["sh -c exit 3"].startswith("3 ")
    assert told["never-installed"] == "FileNotFoundError"
    assert told["echo a"] != dict(state.commands([["echo", "b"]]))


def test_who_differs_is_named(kept: Path) -> None:
    found = {"a": "1", "b": "2"}
    assert state.look(found, "asked", "24")["differs"] == ["nothing is remembered"]
    assert state.keep(found, "asked", state.look(found, "asked", "24")["state"]) == {"kept": True}
    assert state.look(found, "asked", "24")["stands"]
    assert state.look({"a": "1", "c": "3"}, "otherwise", "24")["differs"] == ["what is asked for", "b", "c"]
    assert state.look({str(n): "" for n in range(9)}, "asked", "24")["differs"][-1] == "6 more"
    assert oct(kept.stat().st_mode) == "0o100600"


def test_nothing_is_kept_for_longer_than_its_hours(kept: Path) -> None:
    state.keep({}, "asked", state.look({}, "asked", "24")["state"])
    assert not state.look({}, "asked", "0")["stands"]
    os.utime(kept, (kept.stat().st_mtime - 24 * 3600,) * 2)
    assert not state.look({}, "asked", "24")["stands"]


def test_of_a_run_that_changed_something_nothing_is_kept(kept: Path) -> None:
    before = state.look({"a": "1"}, "asked", "24")["state"]
    assert state.keep({"a": "2"}, "asked", before) == {"kept": False}
    assert not kept.exists()


def test_no_contents_are_kept(kept: Path, file: Path) -> None:
    found = dict(state.files(iter([file])))
    state.keep(found, "asked", state.look(found, "asked", "24")["state"])
    assert json.loads(kept.read_text())["found"]
    assert "secret" not in kept.read_text()


_SHOWN = """\
Id=fail2ban.service
Type=simple
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=no
RemainAfterExit=no

Id=basalt-facts.service
Type=oneshot
ActiveState=activating
UnitFileState=static
NeedDaemonReload=no
RemainAfterExit=no

Id=nftables.service
Type=oneshot
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=no
RemainAfterExit=yes

Id=basalt-trial-sshd_config.service
Type=exec
ActiveState=active
UnitFileState=static
NeedDaemonReload=no
RemainAfterExit=no

Id=boot.mount
ActiveState=active
UnitFileState=generated
NeedDaemonReload=no
"""


def test_units_that_come_and_go_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shown").write_text(_SHOWN)
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\ncat {tmp_path}/shown\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    told = dict(state.units())
    assert set(told) == {"unit fail2ban.service", "unit nftables.service", "unit basalt-trial-sshd_config.service"}
    (tmp_path / "shown").write_text(_SHOWN.replace("ActiveState=active", "ActiveState=failed", 1))
    assert told["unit fail2ban.service"] != dict(state.units())["unit fail2ban.service"]


class Templar:
    """One that has no variables but those it is told."""

    def template(self, told: Any) -> Any:
        """AnsibleError as of a variable that is not there."""
        if told == "{{ nobody }}":
            raise AnsibleError(told)
        return told


def asked(tmp_path: Path, stack: str = "hosts", **variables: Any) -> str:
    """The digest for a host, of a stack file that has `stack`."""
    (tmp_path / "Pulumi.lab.yaml").write_text(stack)
    told = {"ansible_inventory_sources": [str(tmp_path / "Pulumi.lab.yaml")], **variables}
    (found,) = inputs.LookupModule(None, Templar()).run([], told)
    return str(found)


def test_every_argument_the_stack_file_and_the_way_to_the_engines_count(tmp_path: Path) -> None:
    opens = tmp_path / "engines" / "lab"
    opens.mkdir(parents=True)
    own: dict[str, Any] = {
        "ssh_port": 22,
        "docker_engine_authority": str(opens / "ca.pem"),
        "kernel_unused": "{{ nobody }}",
    }
    before = asked(tmp_path, **own)
    assert before == asked(tmp_path, **own)
    assert before != asked(tmp_path, **{**own, "ssh_port": 23})
    assert before != asked(tmp_path, "another authority", **own)
    (opens / "cert.pem").touch()
    assert before != asked(tmp_path, **own)


def test_facts_and_what_is_looked_at_first_do_not_count(tmp_path: Path) -> None:
    before = asked(tmp_path, ssh_port=22)
    assert before == asked(
        tmp_path, ssh_port=22, ansible_facts={"a": 1}, preflight_packages={"start": 1}, standing_hours=0
    )


def test_another_clone_asks_for_the_same(tmp_path: Path) -> None:
    assert inputs.digest([f"{ROOT}/ansible/playbooks/../../.basalt"], []) == inputs.digest(
        ["/ansible/playbooks/../../.basalt"], []
    )


def test_what_is_asked_for_is_roles_and_arguments(tmp_path: Path) -> None:
    (tmp_path / "tasks.yml").write_text("- a")
    one = inputs.digest({"ssh_port": 22}, [tmp_path])
    assert one == inputs.digest({"ssh_port": 22}, [tmp_path])
    assert one != inputs.digest({"ssh_port": 23}, [tmp_path])
    (tmp_path / "tasks.yml").write_text("- b")
    assert one != inputs.digest({"ssh_port": 22}, [tmp_path])
