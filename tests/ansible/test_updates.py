"""Security updates come by themselves, at the time that is declared, and boot nobody."""

from typing import Any

import pytest
from testinfra.host import Host

#: As apt-config prints a list: each member has the list's name and two colons.
ORIGINS, HELD = "Unattended-Upgrade::Origins-Pattern::", "Unattended-Upgrade::Package-Blacklist::"

_OVERRIDES = """
do '/etc/needrestart/needrestart.conf';
for my $unit (qw(docker.service containerd.service cron.service)) {
  print "$unit=$nrconf{override_rc}{$_}\\n" for grep { $unit =~ $_ } keys %{$nrconf{override_rc}};
}
"""


@pytest.fixture
def told(host: Host) -> list[tuple[str, str]]:
    """APT's configuration, all files together."""
    lines = host.check_output("apt-config dump").splitlines()
    return [(name, value.strip('";')) for name, value in (line.split(maxsplit=1) for line in lines)]


def test_only_what_closes_holes_is_taken_and_no_point_release(told: list[tuple[str, str]]) -> None:
    origins = [value for name, value in told if name == ORIGINS]
    assert len(origins) == 2
    assert all("label=Debian-Security" in origin for origin in origins)


def test_a_file_that_a_role_has_written_keeps_no_update_away(told: list[tuple[str, str]]) -> None:
    assert ("dpkg::options::", "--force-confold") in {(name.lower(), value) for name, value in told}


def test_it_is_taken_every_day_and_nothing_boots_for_it(told: list[tuple[str, str]]) -> None:
    found = dict(told)
    assert found["APT::Periodic::Update-Package-Lists"] == found["APT::Periodic::Unattended-Upgrade"] == "1"
    assert found["Unattended-Upgrade::Automatic-Reboot"] == "false"


def test_unattended_upgrades_understands_what_it_is_told(host: Host) -> None:
    done = host.run("unattended-upgrade --dry-run --debug")
    assert done.rc == 0, done.stdout + done.stderr
    allowed = next(line for line in done.stdout.splitlines() if line.startswith("Allowed origins are:"))
    assert f"{host.system_info.codename}-security" in allowed
    assert "label=Debian," not in allowed


def test_what_carries_containers_is_left_to_people(host: Host, told: list[tuple[str, str]]) -> None:
    assert [value for name, value in told if name == HELD] == ["^containerd", "^docker", "^runc$"]
    # As needrestart reads it: what matches with 0 is left running.
    found = host.check_output("perl -e %s", _OVERRIDES).split()
    assert {"docker.service=0", "containerd.service=0"} <= set(found)
    assert "cron.service=0" not in found


def test_the_window_is_the_declared_one_and_every_host_has_its_own_minute(host: Host, declared: dict[str, Any]) -> None:
    timer = host.service("apt-daily-upgrade.timer")
    assert timer.is_enabled
    assert timer.is_running
    words = "--property=TimersCalendar --property=FixedRandomDelay --property=RandomizedDelayUSec"
    shown = host.check_output(f"systemctl show apt-daily-upgrade.timer {words}")
    assert f"OnCalendar={declared['updates_window']}" in shown
    assert "FixedRandomDelay=yes" in shown
    assert "RandomizedDelayUSec=30min" in shown
