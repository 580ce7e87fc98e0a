"""What is kept beside the files of the database, when, and how the scheduler gets at it."""

import json
from collections.abc import Iterator

from basalt.services.backup.crontab import longest_pause
from basalt.services.backup.settings import Keep, Settings
from basalt.services.redis.settings import Settings as Redis
from basalt.site import Instance, Site
from basalt.topology.duration import seconds
from basalt.topology.model import Topology
from basalt.workload import Endpoint, File, ScheduledJob, SecretRef

_REDIS = Endpoint.parse("redis.data")
#: The keys of the repositories.
_CIPHERS = {"local": SecretRef("backup/cipher"), "s3": SecretRef("backup/cipher-s3")}


def kinds(settings: Settings, topology: Topology) -> dict[str, str]:
    """Of each kind the crontab line: of what the stack has."""
    return {"redis": settings.keepsakes.redis} if topology.service(Redis) else {}


def jobs(settings: Settings, topology: Topology) -> Iterator[ScheduledJob]:
    """For each repository its own, as of backups."""
    for kind, schedule in kinds(settings, topology).items():
        for number, name in enumerate(settings.repositories):
            of = f"-{name}" if number else ""
            yield ScheduledJob(f"{kind}{of}", schedule, ("backup-keep", f"--take={kind}", f"--repository={name}"))


def uses(topology: Topology) -> Iterator[Endpoint]:
    """Whom it is got from."""
    if topology.service(Redis):
        yield _REDIS


def files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    """Of the scheduler, what it reads of them."""
    due = {
        kind: longest_pause(schedule).total_seconds() + seconds(settings.late)
        for kind, schedule in kinds(settings, site.topology).items()
    }
    redis = site.addresses(str(_REDIS), instance) if site.topology.service(Redis) else ()
    told = {"due": due, "keep": policy(settings.keepsakes.keep), "redis": [str(address) for address in redis]}
    yield File("keepsakes.json", json.dumps(told, indent=1))
    for name in settings.repositories:
        yield File(f"cipher-{name}", _CIPHERS[name])
    if redis:
        yield File("redis-password", SecretRef("redis/backup"))


def policy(keep: Keep) -> dict[str, object]:
    """As the program beside the repository reads it."""
    return {**keep.model_dump(exclude={"floor"}), "floor_seconds": seconds(keep.floor)}
