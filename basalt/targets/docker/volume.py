"""The volume of an instance's files, through the engine's API. Used inside a dynamic provider; knows no Pulumi."""

import io
import tarfile
from pathlib import PurePosixPath
from typing import Any

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from basalt.targets.docker.digest import RESTART_LABEL, Files, restart_digest
from basalt.targets.docker.engine import connect
from basalt.workload import FILES

_ROOT = PurePosixPath(FILES)

#: Where an `archive` is unpacked: its first entry is the volume's own folder, which must be the user's as well.
ABOVE = str(_ROOT.parent)


def archive(files: Files, owner: int) -> bytes:
    """A tar for the folder `ABOVE`: every file, mode 0400 (0500 when executable), and their folders, all
    owned by user and group `owner`."""
    folders = {parent for path in files for parent in _parents(f"{_ROOT.name}/{path}")}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in sorted(folders):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o500, owner))
        for path, (text, executable) in sorted(files.items()):
            data = text.encode()
            entry = _entry(f"{_ROOT.name}/{path}", tarfile.REGTYPE, 0o500 if executable else 0o400, owner)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _entry(name: str, kind: bytes, mode: int, owner: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = kind, mode, owner, owner
    return entry


def create(props: dict[str, Any]) -> None:
    """Makes it, empty."""
    connect(props["engine"]).volumes.create(props["volume"], labels=props["labels"])


def exists(props: dict[str, Any]) -> bool:
    """Whether it is there."""
    try:
        connect(props["engine"]).volumes.get(props["volume"])
    except NotFound:
        return False
    return True


def remove(props: dict[str, Any]) -> None:
    """Removes it; that it is gone already is no error."""
    try:
        connect(props["engine"]).volumes.get(props["volume"]).remove()
    except NotFound:
        return


def write(props: dict[str, Any], files: Files, dropped: list[str]) -> None:
    """Puts the files into it, and takes the paths `dropped` out."""
    client = connect(props["engine"])
    vessel: Container = client.containers.create(
        props["image"],
        entrypoint=["rm", "-rf", "--", *(f"{FILES}/{path}" for path in dropped)],
        volumes={props["volume"]: {"bind": FILES, "mode": "rw"}},
        user="0:0",
        labels=props["labels"],
        network_mode="none",
    )
    try:
        if dropped:
            vessel.start()
            vessel.wait()
        # Pulumi hands numbers over as floats, which a tar writes out as such and the engine refuses.
        if not vessel.put_archive(ABOVE, archive(files, int(props["owner"]))):
            raise RuntimeError(f"the engine refused the files of {props['volume']}")
    finally:
        vessel.remove(force=True)


def reload(props: dict[str, Any]) -> None:
    """Tells the running instance of its new files. One that does not run, or that an interrupted `up` did not come to,
    reads the new files when it starts."""
    how = props["reload"]
    try:
        container = connect(props["engine"]).containers.get(how["container"])
        if container.status == "restarting":
            container.restart(timeout=0)  # what it dies of may be mended; the engine's next try could be a minute away
        if container.status != "running" or _outdated(container, props):
            return
        if how["signal"]:
            container.kill(how["signal"])
            return
        code, output = container.exec_run(how["command"])
    except NotFound:
        return
    except APIError as error:
        raise RuntimeError(f"{how['container']} could not be told of its new files: {error}") from error
    if code:
        text = output if isinstance(output, bytes) else b"".join(output)
        raise RuntimeError(f"{how['container']}: reload ended with {code}: {text.decode(errors='replace')[-2000:]}")


def _outdated(container: Container, props: dict[str, Any]) -> bool:
    """Whether this same run replaces the container: the new one needs no word, and the old one may not know it."""
    wanted = restart_digest(props["files"], props["reload"]["files"])
    return container.attrs["Config"]["Image"] != props["image"] or container.labels.get(RESTART_LABEL) != wanted
