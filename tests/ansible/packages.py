"""A package of the tests' own, which a host is offered in a new version."""

from tests.lab.machines import Machine

NAME = "basalt-sample"
_FOLDER = "/srv/sample"
#: A repository without a signature (sources.list(5), `trusted`), in place of all others: what else there is to update
#: is another thing each day.
_SOURCE = f"deb [trusted=yes] file:{_FOLDER} ./"
_BUILD = """set -e
mkdir -p "$1/new/DEBIAN"
cat > "$1/new/DEBIAN/control" << end
Package: $2
Version: $3
Architecture: all
Maintainer: x <x@example.com>
Description: x
end
printf '#!/bin/sh\\nexit %s\\n' "$4" > "$1/new/DEBIAN/postinst"
chmod 0755 "$1/new/DEBIAN/postinst"
dpkg-deb --root-owner-group --build "$1/new" "$1/$2.deb" > /dev/null
cd "$1"
{
  cat new/DEBIAN/control
  echo "Filename: ./$2.deb"
  echo "Size: $(stat --format %s "$2.deb")"
  echo "SHA256: $(sha256sum "$2.deb" | cut --delimiter=' ' --fields=1)"
} > Packages
"""


def version(machine: Machine) -> str:
    """That is installed, and whether all of it is."""
    return machine.run("dpkg-query", "--show", "--showformat", "${Version} ${db:Status-Status}", NAME)


def offer(machine: Machine, number: str, *, fails: bool = False) -> None:
    """There is this version; `fails`: it cannot be configured."""
    machine.run("sh", "-c", _BUILD, "sh", _FOLDER, NAME, number, str(int(fails)))


def mend(machine: Machine) -> None:
    """What could not be configured can be now."""
    machine.run("sed", "--in-place", "s/^exit .*/exit 0/", f"/var/lib/dpkg/info/{NAME}.postinst")


def begin(machine: Machine) -> None:
    """Version 1 is there, and the host knows no other repository."""
    offer(machine, "1")
    machine.run("dpkg", "--install", f"{_FOLDER}/{NAME}.deb")
    machine.run(
        "sh", "-c", f"mv /etc/apt/sources.list.d /etc/apt/sources.away; echo '{_SOURCE}' > /etc/apt/sources.list"
    )


def end(machine: Machine) -> None:
    """As before."""
    machine.run("sh", "-c", "rm /etc/apt/sources.list; mv /etc/apt/sources.away /etc/apt/sources.list.d")
    machine.run("dpkg", "--purge", NAME)
    machine.run("rm", "-r", _FOLDER)
