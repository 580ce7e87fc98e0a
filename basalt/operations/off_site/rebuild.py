"""`basalt rebuild`: a stack of which nothing is left is made again out of its bucket.

The stack file comes out of the bundle, which is verified before it is used. Each member of the database finds an
order in its volume before `up` starts it: the first begins the cluster from the newest backup and the log after it, the
others wait until it leads (images/postgres/bin). So does Redis' first member, where its keys are kept: it begins with
them, the others copy it. All else is an `up`."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import docker.errors

from basalt.images import reference
from basalt.operations import build, login, objects, pulumi
from basalt.operations.environment import HOME, ROOT
from basalt.operations.keepsakes import redis
from basalt.operations.keepsakes.catalogue import Kept
from basalt.operations.off_site import bundle as bundles
from basalt.operations.off_site.access import Access
from basalt.operations.off_site.bundle import Bundle, BundleError
from basalt.operations.off_site.keyhole import left, look
from basalt.operations.restore.plan import seen
from basalt.operations.restore.run import FOLLOW
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.tar import archive
from basalt.operations.up import up
from basalt.plan import Plan, plan, survey
from basalt.render import render
from basalt.site import Instance, Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name, labels, volume_name
from basalt.targets.docker.engine import connect
from basalt.topology.model import Topology
from basalt.workload import SecretRef

Say = Callable[[str], None]

_NAME = "s3"
_ORDER = "restore"
_GET = ("--repo=2", "--raw", "--log-level-console=error", "repo-get")
_WHOLE, _LOOK = 600.0, 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`backup`: its label; `until`: when the last of the log came that was off-site, ISO 8601, UTC: what was committed
    later is lost. `keys`: of when Redis' are, ISO 8601, UTC; None where there are none. `seconds` from the beginning
    until each step was done."""

    stack: str
    backup: str
    until: str
    keys: str | None
    seconds: dict[str, float]


def fetch(stack: str, access: Access, say: Say) -> Bundle:
    """The bundle in the bucket, verified. BundleError, BuildError."""
    build.build(["backup"], HOME / "logs", say)
    words = {"clients": (), "agents": (), "restores": "", "processes": 1}
    config = render("backup/pgbackrest.conf.j2", stack=stack, s3=access.s3, **words)
    files = {"pgbackrest.conf": _filled(config, access, {})}
    if access.s3.authority:
        files["s3.crt"] = access.s3.authority
    bundle = bundles.read(look(files, "pgbackrest", *_GET, bundles.PATH), stack)
    bundles.verify(bundle, access.bundle)
    return bundle


def adopt(bundle: Bundle) -> None:
    """Its stack file becomes this clone's, if the passphrase opens it; else all is as before. BundleError where another
    one with secrets is in its place."""
    path = ROOT / "stacks" / f"Pulumi.{bundle.stack}.yaml"
    before = path.read_text() if path.exists() else None
    if before is not None and before != bundle.file and "encryptionsalt:" in before:
        raise BundleError(
            f"{path.relative_to(ROOT)} has secrets of its own and is not what the bundle holds; move it away"
        )
    path.write_text(bundle.file)
    try:
        pulumi.select(bundle.stack)
        login.secret(bundle.stack, bundles.KEY)
    except BaseException:
        _restore(path, before)
        raise


def _restore(path: Path, before: str | None) -> None:
    if before is None:
        path.unlink()
    else:
        path.write_text(before)


def prepare(topology: Topology, access: Access) -> dict[str, object]:
    """What `backup-plan` says of the bucket. RefusedError where something of the stack is still there."""
    _require_nothing(topology)
    made = plan(topology)
    files = _scheduler_files(made, access)
    return dict(json.loads(look(files, "backup-plan", "--latest", f"--repository={_NAME}")))


def redis_keys(topology: Topology, access: Access) -> list[Kept]:
    """Those that the bucket holds, the newest first; none where the stack has no Redis. BundleError."""
    if not survey(topology).of("redis"):
        return []
    told = json.loads(look(_scheduler_files(plan(topology), access), "backup-keep", "--list"))
    found = [Kept(**{**row, "why": tuple(row["why"])}) for row in told]
    return [one for one in found if (one.repository, one.kind) == (_NAME, "redis")]


def _require_nothing(topology: Topology) -> None:
    found = objects.find(topology)
    left = [str(thing.name) for kind in (found.containers, found.volumes) for thing in kind]
    if left:
        told = f"{', '.join(left[:3])}{', ...' if len(left) > 3 else ''}"
        remedy = "bring back what is there with `basalt restore`, or remove it: basalt down --data delete"
        raise RefusedError(f"of stack {topology.name} there still is {told}; {remedy}")


def _scheduler_files(made: Plan, access: Access) -> dict[str, str]:
    """Those by which the scheduler would look."""
    (planned,) = (one for one in made.planned if one.instance.workload.name == "backup-scheduler")
    texts = {file.path: file.text for file in planned.files}
    names = {ref.name for text in texts.values() for ref in SecretRef.find(text)}
    known = {name: login.secret(made.topology.name, name) for name in names}
    return {name: _filled(text, access, known) for name, text in texts.items() if "/" not in name}


def _filled(text: str, access: Access, known: dict[str, str]) -> str:
    values = {ref.name: known.get(ref.name, "-") for ref in SecretRef.find(text)}
    return SecretRef.fill(text, values | {f"given/{access.s3.secret}": access.secret})


def rebuild(
    topology: Topology, access: Access, planned: dict[str, object], kept: list[Kept], say: Say, *, aside: bool
) -> Rebuilt:
    """Makes it; Redis begins with the newest of what is `kept` that can be had. `aside`: what Pulumi prints goes to
    error output. Raises what `up` raises."""
    started = time.monotonic()
    marks: dict[str, float] = {}
    site = survey(topology)
    build.build(build.wanted(site), HOME / "logs", say)
    build.distribute(site, say)
    marks["images"] = round(time.monotonic() - started, 1)
    # First, because what cannot be had leaves nothing behind that would refuse the next try.
    keys = next((one for one in kept if _begins(site, access, one, say)), None)
    members = site.of("postgres")
    options = planned["options"]
    assert isinstance(options, list)  # noqa: S101  backup-plan's
    for member in members:
        order = "\n".join(options) + "\n" if member is members[0] else FOLLOW
        _order(site, member, archive({_ORDER: order}))
    say(f"{members[0].name} begins from {planned['label']}; the others follow it")
    try:
        up(topology.name, say, ask=False, aside=aside)
    except pulumi.PulumiError as error:
        raise BundleError(f"{error}; orders and data stay: mend it, then `basalt up` goes on") from error
    marks["up"] = round(time.monotonic() - started, 1)
    _wait_until_whole(topology, {member.name for member in members})
    marks["whole"] = round(time.monotonic() - started, 1)
    return Rebuilt(topology.name, str(planned["label"]), str(planned["until"]), keys.at if keys else None, marks)


def _begins(site: Site, access: Access, keys: Kept, say: Say) -> bool:
    """Whether Redis has its order; says so, or why not."""
    try:
        begin_with(site, access, keys)
    except BundleError as error:
        say(f"the keys of {keys.at} cannot be had: {error}")
        return False
    say(f"{site.of('redis')[0].name} begins with the keys of {keys.at}; the others copy it")
    return True


def _wait_until_whole(topology: Topology, names: set[str]) -> None:
    """Until all members are there and follow."""
    deadline = time.monotonic() + _WHOLE
    while (view := seen(topology)) is None or not view.whole or {member.name for member in view.members} != names:
        if time.monotonic() > deadline:
            raise BundleError(
                f"the stack is up, but not all members follow after {_WHOLE:.0f} s ({view}): patronictl list"
            )
        time.sleep(_LOOK)


def begin_with(site: Site, access: Access, keys: Kept) -> None:
    """An order for Redis' first member, whom sentinels that know nobody yet call the master."""
    path = f"/var/lib/drill/{redis.ORDER}"
    which = (f"--set={keys.label}", f"--repository={keys.repository}", f"--output={path}")
    files = _scheduler_files(plan(site.topology), access)
    with left(files, path, "backup-keep", f"--get={keys.kind}", *which) as tar:
        _order(site, site.of("redis")[0], tar)


def _order(site: Site, member: Instance, order: bytes | BinaryIO) -> None:
    """Into a volume that is made for it; `up` takes it over by its name."""
    client = connect(describe(site.host(member)))
    (data,) = (volume for volume in member.workload.volumes if volume.name == "data")
    name = volume_name(site, member, data)
    client.volumes.create(name, labels=labels(site, member))
    # Never started: only by a container is a volume written to, and gets the owner that the image gives it.
    container = client.containers.create(
        reference(member.workload.image),
        name=f"{container_name(site, member)}-order",
        volumes={name: {"bind": data.path, "mode": "rw"}},
    )
    try:
        if not container.put_archive(data.path, order):
            raise BundleError(f"volume {name} does not take an order")
    except docker.errors.APIError as error:
        raise BundleError(f"volume {name} does not take an order: {error}") from error
    finally:
        container.remove(v=False)
