"""Disks are formatted where they are empty, and mounted; what holds something is refused and left alone."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ansible.lab import Lab, Run
from tests.lab.machines import Machine

DISK, FOLDER, UNIT = "/dev/disk/by-id/test-disk", "/srv/test-data", r"srv-test\x2ddata.mount"


def _machine(lab: Lab) -> Machine:
    return lab.machines["node-3"]


def _declare(lab: Lab, *arguments: str, filesystem: str = "ext4", option: str = "noatime", mount: str = FOLDER) -> Run:
    volume = {"device": DISK, "filesystem": filesystem, "mount": mount, "options": [option]}
    told = json.dumps({"storage_volumes": [volume]})
    return lab.play("site", "--tags", "storage", "--limit", "node-3", "--extra-vars", told, *arguments)


@pytest.fixture(scope="module")
def disk(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty disk of a host: a loop device of the machine that the tests run on, taken and freed by its name."""
    image = tmp_path_factory.mktemp("disk") / "image"
    with image.open("wb") as file:
        file.truncate(64 * 1024**2)
    device = _loop("--find", "--show", str(image))
    machine = _machine(lab)
    try:
        machine.run("mknod", device, "b", *_number(device))
        machine.run("mkdir", "--parents", str(Path(DISK).parent))
        machine.run("ln", "--symbolic", device, DISK)
        yield device
    finally:
        machine.ran("systemctl", "disable", "--now", UNIT)
        machine.ran("rm", "--force", DISK, device, f"/etc/systemd/system/{UNIT}")
        machine.ran("systemctl", "daemon-reload")
        machine.ran("systemctl", "start", "docker")  # it went with the disk
        _loop("--detach", device)


def _loop(*arguments: str) -> str:
    return subprocess.run(["losetup", *arguments], text=True, capture_output=True, check=True).stdout.strip()


def _number(device: str) -> list[str]:
    shown = subprocess.run(["stat", "--format=%Hr %Lr", device], text=True, capture_output=True, check=True)
    return shown.stdout.split()


def _holds(device: str) -> str:
    """What is on it, by the machine that the tests run on."""
    words = ["blkid", "--probe", "--output", "value", "--match-tag", "UUID", device]
    return subprocess.run(words, text=True, capture_output=True, check=False).stdout.strip()


@pytest.fixture(scope="module")
def mounted(lab: Lab, disk: str) -> tuple[Run, Run, Run]:
    """A dry run, a run and another one over an empty disk."""
    dry = _declare(lab, "--check")
    assert _holds(disk) == ""
    return dry, _declare(lab), _declare(lab)


def test_an_empty_disk_is_formatted_and_mounted_once(lab: Lab, mounted: tuple[Run, Run, Run]) -> None:
    dry, first, second = mounted
    assert dry.code == first.code == second.code == 0, dry.output + first.output + second.output
    assert "storage : Make file systems on empty disks" in dry.changed["node-3"]
    assert second.of("node-3", "changed") == 0
    options = _machine(lab).run("findmnt", "--noheadings", "--output", "OPTIONS", "--mountpoint", FOLDER)
    assert "noatime" in options.strip().split(",")


def test_a_disk_that_is_gone_stops_the_engine_and_no_boot(lab: Lab, mounted: tuple[Run, Run, Run]) -> None:
    machine = _machine(lab)
    # The engine is not there yet; where it is, it finds this.
    assert machine.run("ls", "/etc/systemd/system/docker.service.requires").split() == [UNIT]
    assert "local-fs.target" not in machine.run("systemctl", "show", UNIT, "--property=Before")
    assert "nofail" in machine.run("systemctl", "cat", UNIT)


def test_other_options_are_taken_up_without_taking_the_disk_away(lab: Lab, mounted: tuple[Run, Run, Run]) -> None:
    machine = _machine(lab)
    before = machine.run("systemctl", "show", UNIT, "--property=ActiveEnterTimestamp")
    run = _declare(lab, option="relatime")
    assert run.code == 0, run.output
    assert "relatime" in machine.run("findmnt", "--noheadings", "--output", "OPTIONS", "--mountpoint", FOLDER)
    assert machine.run("systemctl", "show", UNIT, "--property=ActiveEnterTimestamp") == before


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"filesystem": "xfs"}, f"{DISK} is to be {FOLDER}, and holds ext4, not xfs"),
        ({"mount": "/etc/apt"}, "/etc/apt holds"),
        ({"mount": "/run/lock"}, "/run/lock holds tmpfs"),
    ],
)
def test_what_holds_something_is_refused_and_left_alone(
    lab: Lab, mounted: tuple[Run, Run, Run], disk: str, declared: dict[str, str], told: str
) -> None:
    before = _holds(disk)
    run = _declare(lab, **declared)
    assert run.code != 0
    assert told in " ".join(run.output.split())
    assert not any(run.changed.values())
    assert _holds(disk) == before != ""
