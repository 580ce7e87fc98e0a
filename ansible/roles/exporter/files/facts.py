#!/usr/bin/python3
# Written by the role exporter of basalt: the next run undoes what is changed here.
"""What only the host knows of itself, as metrics in the file that is named.

What cannot be asked is not told: a metric that is missing is not a zero."""

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: Debian's kernel packages make it, with unattended-upgrades.
REBOOT = Path("/run/reboot-required")
#: What AIDE's last comparison ended with (aide(1), "EXIT STATUS"); written by the role intrusion.
COMPARED = Path("/var/lib/aide/result")
#: As in /etc/apt/apt.conf.d/60basalt-updates.
SECURITY = "Debian-Security"


def facts() -> Iterator[tuple[str, str, float]]:
    """Name, meaning and value of each."""
    yield "node_reboot_required", "Whether updates wait for a boot", int(REBOOT.exists())
    yield "node_security_updates_pending", "Security updates that are not installed, held ones too", updates()
    if (found := compared()) is not None:
        when = COMPARED.stat().st_mtime
        yield "node_files_compared_result", "0: as in AIDE's database; 1 to 7: different; else it failed", found
        yield "node_files_compared_timestamp_seconds", "When files were last compared", when
    if (banned := bans()) is not None:
        yield "node_addresses_banned", "Addresses that fail2ban keeps out", banned


def updates() -> int:
    """By the lists that are here: nothing is downloaded."""
    import apt  # Debian's, of the system's Python only

    waiting = [package.candidate for package in apt.Cache() if package.is_upgradable]
    return sum(any(origin.label == SECURITY for origin in version.origins) for version in waiting)


def compared() -> "int | None":
    """Nothing where no comparison has ended."""
    try:
        return int(COMPARED.read_text())
    except (OSError, ValueError):
        return None


def bans() -> "int | None":
    """Nothing where fail2ban does not answer."""
    try:
        told = subprocess.run(["fail2ban-client", "banned"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    jails = ast.literal_eval(told.stdout)
    return len({address for jail in jails for addresses in jail.values() for address in addresses})


def main(path: Path) -> None:
    """In one step: the exporter never reads a half."""
    lines = [f"# HELP {n} {told}.\n# TYPE {n} gauge\n{n} {value}\n" for n, told, value in facts()]
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write("".join(lines))
        os.fchmod(file.fileno(), 0o644)
    Path(file.name).replace(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
