"""What is kept beside the files of the database, when, and how the scheduler gets at it."""

import json
from collections.abc import Iterator

from basalt.services.backup.crontab import longest_pause
from basalt.services.backup.settings import Keep, Settings
from basalt.services.postgres import roles
from basalt.services.redis.settings import Settings as Redis
from basalt.site import Instance, Site
from basalt.topology.duration import seconds
from basalt.topology.model import Topology
from basalt.workload import Endpoint, File, ScheduledJob, SecretRef

#: Of a logical dump the kind is this and the database's name.
DUMP = "dump-"

_REDIS, _POSTGRES = Endpoint.parse("redis.data"), Endpoint.parse("postgres.sql")
#: The keys of the repositories.
_CIPHERS = {"local": SecretRef("backup/cipher"), "s3": SecretRef("backup/cipher-s3")}


def kinds(settings: Settings, topology: Topology) -> dict[str, str]:
    """Of each kind the crontab line: of what the stack has."""
    redis = {"redis": settings.keepsakes.redis} if topology.service(Redis) else {}
    return redis | {f"{DUMP}{name}": settings.keepsakes.dump for name in settings.keepsakes.dumps}


def jobs(settings: Settings, topology: Topology) -> Iterator[ScheduledJob]:
    """For each repository its own, as of backups."""
    for kind, schedule in kinds(settings, topology).items():
        for number, name in enumerate(settings.repositories):
            of = f"-{name}" if number else ""
            yield ScheduledJob(f"{kind}{of}", schedule, ("backup-keep", f"--take={kind}", f"--repository={name}"))


def uses(settings: Settings, topology: Topology) -> Iterator[Endpoint]:
    """Whom it is got from."""
    if topology.service(Redis):
        yield _REDIS
    if settings.keepsakes.dumps:
        yield _POSTGRES


def files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    """Of the scheduler, what it reads of them."""
    due = {
        kind: longest_pause(schedule).total_seconds() + seconds(settings.late)
        for kind, schedule in kinds(settings, site.topology).items()
    }
    redis = site.addresses(str(_REDIS), instance) if site.topology.service(Redis) else ()
    postgres = site.addresses(str(_POSTGRES), instance) if settings.keepsakes.dumps else ()
    told = {
        "due": due,
        "keep": policy(settings.keepsakes.keep),
        "redis": [str(address) for address in redis],
        "postgres": [str(address) for address in postgres],
    }
    yield File("keepsakes.json", json.dumps(told, indent=1))
    for name in settings.repositories:
        yield File(f"cipher-{name}", _CIPHERS[name])
    if redis:
        yield File("redis-password", SecretRef("redis/backup"))
    if postgres:
        yield File("pgpass", site.render("backup/pgpass.j2", role=roles.DUMP))


def policy(keep: Keep) -> dict[str, object]:
    """As the program beside the repository reads it."""
    return {**keep.model_dump(exclude={"floor"}), "floor_seconds": seconds(keep.floor)}
