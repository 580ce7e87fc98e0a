"""Puts a stack's bundle into its bucket, by the container that writes backups there."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime

from basalt.images import contexts, reference
from basalt.operations import login
from basalt.operations.environment import ROOT
from basalt.operations.off_site.access import Access
from basalt.operations.off_site.bundle import KEY, PATH, Bundle, BundleError, sign
from basalt.operations.switchover.hands import command
from basalt.plan import survey
from basalt.services.backup.settings import Settings
from basalt.site import Site
from basalt.targets.docker.container import container_name
from basalt.topology.model import Topology

#: pgBackRest's number of the bucket.
_REPOSITORY = "--repo=2"
_PATIENCE = 180.0  # seconds; a bucket that cannot be reached is tried for half as long

Say = Callable[[str], None]


def access(topology: Topology) -> Access:
    """What opens the stack's bucket. BundleError where it has none; LoginError, PulumiError."""
    settings = topology.service(Settings)
    if settings is None or settings.s3 is None:
        raise BundleError(f"stack {topology.name} keeps nothing off-site; declare services.backup.s3")
    name = topology.name
    return Access(settings.s3, login.secret(name, f"given/{settings.s3.secret}"), login.secret(name, KEY))


def keeps(topology: Topology) -> bool:
    """Whether it has a bucket."""
    settings = topology.service(Settings)
    return settings is not None and settings.s3 is not None


def store(topology: Topology, say: Say) -> None:
    """As the stack file is now. BundleError, LoginError, PulumiError."""
    site = survey(topology)
    text = sign(_bundle(site), access(topology).bundle)
    (scheduler, *_) = site.of("backup-scheduler")
    words = ("pgbackrest", _REPOSITORY, "--raw", "repo-put", PATH)
    put = command(site.host(scheduler), container_name(site, scheduler), *words)
    try:
        done = subprocess.run(put, input=text, text=True, capture_output=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise BundleError(f"the bucket took no bundle within {_PATIENCE:.0f} s; basalt bundle tries again") from None
    if done.returncode:
        raise BundleError(
            f"the bundle was not stored: {(done.stderr or done.stdout).strip()}; basalt bundle tries again"
        )
    say(f"the bundle of stack {topology.name} is off-site")


def _bundle(site: Site) -> Bundle:
    images = sorted({instance.workload.image for instance in site.instances})
    return Bundle(
        stack=site.topology.name,
        at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        commit=_commit(),
        images={image: reference(image) if image in contexts() else image for image in images},
        file=(ROOT / "stacks" / f"Pulumi.{site.topology.name}.yaml").read_text(),
    )


def _commit() -> str:
    """Of this clone; "" where it is none."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True, capture_output=True, check=False)
    return done.stdout.strip()
