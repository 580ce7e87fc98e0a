"""What every host has."""

import re
from typing import Any

from testinfra.host import Host


def test_chronyd_asks_for_the_time_and_answers_nobody(host: Host, declared: dict[str, Any]) -> None:
    chrony = host.service("chrony")
    assert chrony.is_running
    assert chrony.is_enabled
    asked = [line.split(",")[2] for line in host.check_output("chronyc -c -N sources").splitlines()]
    assert asked == declared["base_time_servers"]
    assert not host.socket("udp://0.0.0.0:123").is_listening


def test_time_is_told_in_utc_and_text_in_utf_8(host: Host) -> None:
    assert host.check_output("date +%Z") == "UTC"
    # A login reads it (pam_env), the command that testinfra runs does not.
    assert host.check_output("su --login ops --command 'echo $LANG'") == "C.UTF-8"


def test_the_journal_is_kept_and_bounded(host: Host, declared: dict[str, Any]) -> None:
    bounds = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert f"SystemMaxUse={declared['base_journal_megabytes']}M" in bounds
    assert host.check_output("journalctl --directory=/var/log/journal --lines=1 --quiet --output=cat")


def test_people_are_who_is_declared_and_root_as_declared(host: Host, declared: dict[str, Any]) -> None:
    for person in declared["base_users"]:
        user = host.user(person["name"])
        assert user.exists
        assert user.password == "*"  # noqa: S105  none fits
        # Nor does it end: PAM would ask for it after a year.
        assert user.expiration_date is None
        assert re.search(r"Password expires\s+: never", host.check_output(f"chage --list {user.name}"))
        keys = host.file(f"/etc/ssh/authorized_keys_{user.name}")
        assert (keys.user, keys.mode) == ("root", 0o644)
        assert [line for line in keys.content_string.splitlines() if not line.startswith("#")] == person["keys"]
        becomes_root = host.run(f"su {user.name} --command 'sudo --non-interactive id -u'")
        assert (becomes_root.stdout.strip() == "0") is person["sudo"]


def test_what_people_make_is_not_for_everybody_and_their_shells_end(host: Host) -> None:
    mask, idle, folder = host.check_output("su --login ops --command 'umask; echo $TMOUT $TMPDIR'").split()
    # Their own group is theirs alone: pam_umask(8), usergroups.
    assert (mask, idle) == ("0007", "600")
    assert folder.startswith("/tmp/user/")  # noqa: S108  their own


def test_a_password_by_hand_is_a_good_one(host: Host) -> None:
    assert host.run("echo guest:shop-2026 | chpasswd").rc != 0
    assert host.user("guest").password == "*"  # noqa: S105  none fits
    assert host.run("echo guest:wald-Regen.27-Kiesel-ofen | chpasswd && usermod --password '*' guest").rc == 0


def test_the_console_names_no_system(host: Host) -> None:
    for name in ("/etc/issue", "/etc/issue.net"):
        told = host.file(name).content_string
        assert "authorized people only" in told
        assert "Debian" not in told


def test_who_becomes_root_is_root_s_to_read(host: Host) -> None:
    assert host.file("/etc/sudoers.d").mode == 0o750
