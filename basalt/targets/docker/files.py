"""The files of an instance, as a resource: a named volume, filled through the engine's API, readable by one user. The
certificates among them are issued here, and renewed by the first `up` that finds one near its end.

A volume and not the container's own layer: the root file system is read-only, a changed file must not replace the
container where a reload is enough, and an engine that is only reached by ssh or tcp has no folder to bind.

What acts is imported where it acts: an `up` in which nothing changes only compares, and the libraries behind it take
longer to load than all comparisons."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult
from pulumi.runtime import rpc

from basalt.targets import leaves
from basalt.targets.acting import LOADING
from basalt.targets.docker.digest import decode, digests

_COMPARED = ("reload", "labels", "image", "owner")
#: Properties of many parts, carried as one string: each part would be walked over a dozen times in every `up`, by the
#: program, the engine and the process of this provider. Earlier states have the parts.
_FOLDED = ("reload", "labels", "certificates", "leaves", "held")


def _everything(props: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """All files of the volume: what the plan renders, and the certificates that are held."""
    return {**decode(props["files"]), **leaves.pems(props["leaves"])}


def _issued(news: dict[str, Any], held: leaves.Held, anew: set[str]) -> dict[str, Any]:
    """The new properties, with their certificates."""
    made = leaves.issue(news["certificates"], held, anew)
    return {**news, "leaves": made, "ends": {folder: leaf["not_after"] for folder, leaf in made.items()}}


def _unfolded(props: dict[str, Any]) -> dict[str, Any]:
    return {
        key: json.loads(value) if key in _FOLDED and isinstance(value, str) else value for key, value in props.items()
    }


def _noted(made: dict[str, Any]) -> dict[str, Any]:
    """What the state has of it. The files are among the inputs already, and it is written with each step."""
    noted = {**made, "files": _print(made["files"]), "held": digests(decode(made["files"]))}
    return {key: json.dumps(value, sort_keys=True) if key in _FOLDED else value for key, value in noted.items()}


def _print(files: str) -> str:
    return hashlib.sha256(files.encode()).hexdigest()


def _held(olds: dict[str, Any]) -> dict[str, str]:
    """Digests of the files; earlier states have the files."""
    found: dict[str, str] | None = olds.get("held")
    return digests(decode(olds["files"])) if found is None else found


def _differ(olds: dict[str, Any], news: dict[str, Any]) -> bool:
    """Whether there are other files. Those that are the same may have been compressed by another library."""
    return olds.get("files") != _print(news["files"]) and _held(olds) != digests(decode(news["files"]))


class _FilesProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        with LOADING:
            from basalt.targets.docker import volume

        props = _unfolded(props)
        made = _issued(props, {}, set(props["certificates"]))
        volume.create(made)
        volume.write(made, _everything(made), dropped=[])
        return CreateResult(props["volume"], _noted(made))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        if rpc.UNKNOWN in (news["files"], news["certificates"]):  # a preview, in which an authority changes
            return DiffResult(changes=True)
        olds, news = _unfolded(olds), _unfolded(news)
        moved = [key for key in ("engine", "volume") if olds.get(key) != news.get(key)]
        changed = {key for key in _COMPARED if olds.get(key) != news.get(key)}
        # A new image alone changes nothing in the volume; it is only the vessel that carries files in.
        changes = bool(moved or changed - {"image"} or _differ(olds, news) or _stale(olds, news))
        return DiffResult(changes=changes, replaces=moved, delete_before_replace=True)

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        with LOADING:
            from basalt.targets.docker import volume

        olds, news = _unfolded(olds), _unfolded(news)
        made = _issued(news, olds["leaves"], _stale(olds, news))
        written = _everything(made)
        before, after = {**_held(olds), **digests(leaves.pems(olds["leaves"]))}, digests(written)
        volume.write(made, written, dropped=sorted(set(before) - set(after)))
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        if changed & set(news["reload"].get("files", [])):
            volume.reload(made)
        return UpdateResult(_noted(made))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        with LOADING:
            from basalt.targets.docker import volume

        return ReadResult(id_, props) if volume.exists(props) else ReadResult(None, {})

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        with LOADING:
            from basalt.targets.docker import volume

        volume.remove(props)


def _stale(olds: dict[str, Any], news: dict[str, Any]) -> set[str]:
    return leaves.stale(news["certificates"], olds["certificates"], olds["ends"], leaves.now())


@dataclass(frozen=True)
class FilesArgs:
    """`files`: the secret output of `encode`. `reload`: the `container` that is told of changed ones among `files`, by
    `signal` or `command`. `image` is any that the engine has: it carries the files in and is never run for it.
    `certificates`: JSON of `leaves.Wanted`, secret. `owner`: the user who reads them."""

    engine: dict[str, str]
    volume: str
    files: pulumi.Input[str]
    reload: dict[str, Any]
    image: str
    labels: dict[str, str]
    certificates: pulumi.Input[str]
    owner: int


class FilesResource(Resource, module="basalt", name="Files"):
    """A volume with the files of one instance. `ends`: folder -> when its certificate ends (ISO 8601, UTC)."""

    ends: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: FilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["files", "held", "certificates", "leaves"])
        told = {**vars(args), "held": None, "leaves": None, "ends": None}
        folded = {key: json.dumps(told[key]) for key in ("reload", "labels")}
        super().__init__(_FilesProvider(), name, told | folded, pulumi.ResourceOptions.merge(opts, secret))
