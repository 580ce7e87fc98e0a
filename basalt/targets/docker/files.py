"""The files of an instance, as a resource: a named volume, filled through the engine's API, readable by one user.

A volume and not the container's own layer: the root file system is read-only, a changed file must not replace the
container where a reload is enough, and an engine that is only reached by ssh or tcp has no folder to bind."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from basalt.targets.docker.engine import connect
from basalt.workload import FILES, UID

#: The label of a container that says which files it was made with, as `restart_digest` gives it.
RESTART_LABEL = "basalt.files"


def encode(files: dict[str, tuple[str, bool]]) -> str:
    """`path -> (text, executable)` as the resource carries it."""
    return json.dumps(files, sort_keys=True)


def restart_digest(encoded: str, reloads: Iterable[str]) -> str:
    """Changes when a file changes that a running instance cannot take up: the container, whose label `basalt.files` it
    is, is then replaced."""
    taken_up = set(reloads)
    rest = {path: body for path, body in json.loads(encoded).items() if path not in taken_up}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:16]


def archive(encoded: str) -> bytes:
    """A tar with every file, mode 0400 (0500 when executable), and their folders, all owned by `UID`."""
    files: dict[str, list[Any]] = json.loads(encoded)
    folders = {parent for path in files for parent in _parents(path)}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in sorted(folders):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o500))
        for path, (text, executable) in sorted(files.items()):
            data = text.encode()
            entry = _entry(path, tarfile.REGTYPE, 0o500 if executable else 0o400)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = kind, mode, UID, UID
    return entry


class _FilesProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        client = connect(props["engine"])
        client.volumes.create(props["volume"], labels=props["labels"])
        _write(props, dropped=[])
        return CreateResult(props["volume"], props)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        moved = [key for key in ("engine", "volume") if olds.get(key) != news.get(key)]
        changed = [key for key in ("files", "reload", "labels", "image") if olds.get(key) != news.get(key)]
        # A new image alone changes nothing in the volume; it is only the vessel that carries files in.
        return DiffResult(changes=bool(moved or set(changed) - {"image"}), replaces=moved, delete_before_replace=True)

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        before, after = json.loads(olds["files"]), json.loads(news["files"])
        _write(news, dropped=sorted(set(before) - set(after)))
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        if changed & set(news["reload"].get("files", [])):
            _reload(news)
        return UpdateResult(news)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        try:
            connect(props["engine"]).volumes.get(id_)
        except NotFound:
            return ReadResult(None, {})
        return ReadResult(id_, props)

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        try:
            connect(props["engine"]).volumes.get(id_).remove()
        except NotFound:
            return


def _write(props: dict[str, Any], dropped: list[str]) -> None:
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
        if not vessel.put_archive(FILES, archive(props["files"])):
            raise RuntimeError(f"the engine refused the files of {props['volume']}")
    finally:
        vessel.remove(force=True)


def _reload(props: dict[str, Any]) -> None:
    """Tells the running instance. One that does not run reads the new files when it starts."""
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
    except (NotFound, APIError) as error:
        raise RuntimeError(f"{how['container']} could not be told of its new files: {error}") from error
    if code:
        text = output if isinstance(output, bytes) else b"".join(output)
        raise RuntimeError(f"{how['container']}: reload ended with {code}: {text.decode(errors='replace')[-2000:]}")


def _outdated(container: Container, props: dict[str, Any]) -> bool:
    """Whether this same run replaces the container: the new one needs no word, and the old one may not know it."""
    wanted = restart_digest(props["files"], props["reload"]["files"])
    return container.attrs["Config"]["Image"] != props["image"] or container.labels.get(RESTART_LABEL) != wanted


@dataclass(frozen=True)
class FilesArgs:
    """`files`: the secret output of `encode`. `reload`: the `container` that is told of changed ones among `files`, by
    `signal` or `command`. `image` is any that the engine has: it carries the files in and is never run for it."""

    engine: dict[str, str]
    volume: str
    files: pulumi.Input[str]
    reload: dict[str, Any]
    image: str
    labels: dict[str, str]


class FilesResource(Resource, module="basalt", name="Files"):
    """A volume with the files of one instance."""

    def __init__(self, name: str, args: FilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["files"])
        super().__init__(_FilesProvider(), name, {**vars(args)}, pulumi.ResourceOptions.merge(opts, secret))
