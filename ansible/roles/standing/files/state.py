"""Whether a host is as it was when a run last found nothing to do. Reads the host, which has Python and nothing else.

    python3 - look INPUTS HOURS PLACES   stands: nothing differs, and what the run is to make of the host is the same
    python3 - keep INPUTS STATE PLACES   remembers it, where it is still as `look` has found it before the run

INPUTS: a word for what the run is to make of the host. STATE: what `look` has told. PLACES: JSON with lists of
`folders` (everything below them), `names` (paths, with a `*`), `values` (files that name variables of the kernel, as
sysctl.d(5) has them) and `commands`. Prints JSON. What is kept holds digests and no contents."""

import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEPT = Path("/run/basalt-standing")
_UNITS = ("Id", "ActiveState", "UnitFileState", "NeedDaemonReload", "Type", "RemainAfterExit")
#: A lease that is renewed, a clock that is set.
_LIVELY = {Path("/etc/resolv.conf"), Path("/etc/adjtime")}
#: How many of those that differ are named.
_NAMED = 5


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]


def _state(found: dict[str, str]) -> str:
    return _digest(json.dumps(found, sort_keys=True).encode())


def entry(path: Path) -> str:
    """A file: what is in it, whose it is, who may read it, and when it was last written, since what has not been taken
    up is newer than what has. A folder is who may read it; a link, where it leads."""
    seen = path.lstat()
    whose = f"{seen.st_mode:o} {seen.st_uid}:{seen.st_gid}"
    if stat.S_ISLNK(seen.st_mode):
        return f"{whose} {path.readlink()}"
    if stat.S_ISREG(seen.st_mode):
        return f"{whose} {seen.st_mtime_ns} {_digest(path.read_bytes())}"
    return whose


def files(paths: Iterator[Path]) -> Iterator[tuple[str, str]]:
    """Each of them that is still there."""
    for path in paths:
        try:
            yield str(path), entry(path)
        except FileNotFoundError:
            continue  # somebody has removed it meanwhile


def below(folders: list[str]) -> Iterator[Path]:
    """Every path below them, but for what programs write there by themselves."""
    for top in folders:
        for folder, names, others in os.walk(top):
            yield from (path for name in (*names, *others) if (path := Path(folder, name)) not in _LIVELY)


def units() -> Iterator[tuple[str, str]]:
    """Whether those run that are enabled, or ours, and do not end by themselves. All that systemd has loaded is asked
    for at once."""
    command = ["systemctl", "show", "*", f"--property={','.join(_UNITS)}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for block in told.strip().split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines())
        ends = unit.get("Type") == "oneshot" and unit.get("RemainAfterExit") != "yes"
        ours = unit.get("Id", "").startswith("basalt-")
        if not ends and (ours or unit.get("UnitFileState", "").startswith("enabled")):
            yield f"unit {unit['Id']}", " ".join(unit.get(name, "") for name in _UNITS[1:])


def mounts() -> Iterator[tuple[str, str]]:
    """Of disks; containers come and go."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        device, place, kind, options, *_ = line.split(" ")
        if device.startswith("/dev/"):
            yield f"mount {place}", f"{device} {kind} {options}"


def values(sources: list[str]) -> Iterator[tuple[str, str]]:
    """What the kernel has of the variables that are named in these files."""
    for source in filter(Path.exists, map(Path, sources)):
        for line in source.read_text().splitlines():
            if "=" in line and not line.startswith(("#", ";")):
                name = line.split("=", 1)[0].strip().lstrip("-")
                path = Path("/proc/sys", name.replace(".", "/"))
                yield f"variable {name}", path.read_text() if os.access(path, os.R_OK) else "none"


def commands(argvs: list[list[str]]) -> Iterator[tuple[str, str]]:
    """How they end, and what they print."""
    for argv in argvs:
        try:
            done = subprocess.run(argv, check=False, capture_output=True)
        except OSError as error:
            yield " ".join(argv), type(error).__name__
        else:
            yield " ".join(argv), f"{done.returncode} {_digest(done.stdout)}"


def host(places: dict[str, Any]) -> dict[str, str]:
    """All of it, by name."""
    named = (path for name in places["names"] for path in Path("/").glob(name.lstrip("/")) if path != KEPT)
    found = dict(files(below(places["folders"])))
    for more in (files(named), units(), mounts(), values(places["values"]), commands(places["commands"])):
        found.update(more)
    return found


def look(found: dict[str, str], inputs: str, hours: str) -> dict[str, Any]:
    """What differs from what is kept; nothing is kept for longer than `hours`."""
    if not KEPT.exists():
        return {"stands": False, "state": _state(found), "differs": ["nothing is remembered"]}
    if time.time() - KEPT.stat().st_mtime >= float(hours) * 3600:
        return {"stands": False, "state": _state(found), "differs": [f"it is remembered for {hours} hours"]}
    kept = json.loads(KEPT.read_text())
    before = kept["found"]
    differs = sorted(name for name in found.keys() | before.keys() if found.get(name) != before.get(name))
    if kept["inputs"] != inputs:
        differs.insert(0, "what is asked for")
    more = [f"{len(differs) - _NAMED} more"] if len(differs) > _NAMED else []
    return {"stands": not differs, "state": _state(found), "differs": differs[:_NAMED] + more}


def keep(found: dict[str, str], inputs: str, state: str) -> dict[str, Any]:
    """Where the run has changed nothing. A file that is half written when a run is killed is read by nobody."""
    same = state == _state(found)
    if same:
        new = KEPT.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps({"inputs": inputs, "found": found}))
        new.replace(KEPT)
    return {"kept": same}


if __name__ == "__main__":
    word, told_inputs, other, told_places = sys.argv[1:]
    act = {"look": look, "keep": keep}[word]
    print(json.dumps(act(host(json.loads(told_places)), told_inputs, other)))
