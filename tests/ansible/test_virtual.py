"""What only a host with a kernel of its own shows, before a boot and after it: `BASALT_TEST_VM=1 pytest <this file>`.

Left out otherwise, because its processor is translated: on two cores kept busy by others (load 20 to 35) its boot took
three minutes, and the first `site` more than twenty."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.ansible.lab import Run
from tests.ansible.virtual import NAME, Virtual, virtual

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not os.environ.get("BASALT_TEST_VM"), reason="minutes of a translated processor; BASALT_TEST_VM=1"
    ),
]


@dataclass(frozen=True)
class Look:
    """What the kernel says is in force."""

    boot: str
    variables: dict[str, str]
    firewall: str
    audited: set[str]
    huge_pages: str
    failed: str


@dataclass(frozen=True)
class Story:
    """Two runs over a bare host, a look, a boot, a look, a third run."""

    host: Virtual
    runs: tuple[Run, Run, Run]
    looks: tuple[Look, Look]


@pytest.fixture(scope="module", params=["trixie", "bookworm"])
def story(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Story]:
    """Told once for each release that the roles are for, and left running for questions."""
    with virtual(tmp_path_factory.mktemp("operator"), request.param) as host:
        first, second = host.play("site"), host.play("site")
        assert first.code == 0, first.output
        before = look(host)
        host.machine.reboot()
        after = look(host)
        yield Story(host, (first, second, host.play("site")), (before, after))


def look(host: Virtual) -> Look:
    return Look(
        host.machine.boot,
        host.variables,
        host.firewall,
        host.audited,
        host.machine.run("cat /sys/kernel/mm/transparent_hugepage/enabled").strip(),
        host.machine.run("systemctl --failed --plain --no-legend").strip(),
    )


def test_another_run_changes_nothing_and_neither_does_one_after_a_boot(story: Story) -> None:
    assert [(run.code, run.of(NAME, "changed")) for run in story.runs[1:]] == [(0, 0), (0, 0)], story.runs[2].output
    assert story.looks[0].boot != story.looks[1].boot


def test_variables_are_in_force_and_stay(story: Story) -> None:
    for each in story.looks:
        assert each.variables == story.host.wanted


def test_the_firewall_stands_and_stays(story: Story) -> None:
    before, after = story.looks
    assert "policy drop" in before.firewall
    assert 'tcp dport 22 accept comment "sshd"' in before.firewall
    assert "tcp dport 8443 accept" in before.firewall
    assert after.firewall == before.firewall


def test_every_rule_of_auditd_is_loaded_and_stays(story: Story) -> None:
    assert len(story.host.audit_rules) > 8
    for each in story.looks:
        assert each.audited == story.host.audit_rules


def test_auditd_tells_who_changes_who_may_become_root(story: Story) -> None:
    story.host.machine.run("touch /etc/sudoers.d/planted && rm /etc/sudoers.d/planted")
    told = story.host.machine.run("ausearch --key people --interpret --start boot")
    assert "name=/etc/sudoers.d/planted" in told


def test_huge_pages_are_for_who_asks_and_no_unit_has_failed(story: Story) -> None:
    for each in story.looks:
        assert (each.huge_pages, each.failed) == ("always [madvise] never", "")


def test_a_module_that_is_denied_does_not_load(story: Story) -> None:
    for name in ("sctp", "usb_storage"):
        assert not story.host.machine.ran(f"modprobe {name}")
    assert story.host.machine.ran("modprobe br_netfilter")


def test_what_only_root_reads_is_root_s_after_a_boot(story: Story) -> None:
    modes = story.host.machine.run("stat --format='%a %n' /etc/crontab /etc/cron.d /etc/sudoers.d").splitlines()
    assert modes == ["600 /etc/crontab", "700 /etc/cron.d", "750 /etc/sudoers.d"]
