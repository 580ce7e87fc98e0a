"""What is kept beside the files of the database, when, and how the scheduler gets at it."""

import json
from collections.abc import Iterator

from basalt.services.alertmanager.settings import Settings as Alertmanager
from basalt.services.backup.crontab import longest_pause
from basalt.services.backup.settings import Keep, KeepBeside, Settings
from basalt.services.postgres import roles
from basalt.services.redis.settings import Settings as Redis
from basalt.site import Instance, Site
from basalt.topology.duration import seconds
from basalt.topology.model import Topology
from basalt.workload import Endpoint, File, ScheduledJob, SecretRef

#: Of a logical dump the kind is this and the database's name.
DUMP = "dump-"

SILENCES = "silences"

#: Service -> where what is kept of it is got from.
_FROM = {
    "redis": Endpoint.parse("redis.data"),
    "postgres": Endpoint.parse("postgres.sql"),
    "alertmanager": Endpoint.parse("alertmanager.web"),
}
#: The keys of the repositories.
_CIPHERS = {"local": SecretRef("backup/cipher"), "s3": SecretRef("backup/cipher-s3")}


def kinds(settings: Settings, topology: Topology) -> dict[str, str]:
    """Of each kind the crontab line: of what the stack has."""
    wanted = settings.keepsakes
    redis = {"redis": wanted.redis} if topology.service(Redis) else {}
    silences = {SILENCES: wanted.silences} if topology.service(Alertmanager) else {}
    return redis | silences | {f"{DUMP}{name}": wanted.dump for name in wanted.dumps}


def _whom(settings: Settings, topology: Topology) -> dict[str, Endpoint]:
    has = {
        "redis": topology.service(Redis),
        "postgres": settings.keepsakes.dumps,
        "alertmanager": topology.service(Alertmanager),
    }
    return {name: endpoint for name, endpoint in _FROM.items() if has[name]}


def jobs(settings: Settings, topology: Topology) -> Iterator[ScheduledJob]:
    """For each repository its own, as of backups; and once what a new one has none of yet."""
    if kinds(settings, topology):
        yield ScheduledJob("keepsakes", "@reboot", ("backup-keep", "--missing"))
    for kind, schedule in kinds(settings, topology).items():
        for number, name in enumerate(settings.repositories):
            of = f"-{name}" if number else ""
            yield ScheduledJob(f"{kind}{of}", schedule, ("backup-keep", f"--take={kind}", f"--repository={name}"))


def uses(settings: Settings, topology: Topology) -> Iterator[Endpoint]:
    """Whom it is got from."""
    yield from _whom(settings, topology).values()


def files(settings: Settings, instance: Instance, site: Site) -> Iterator[File]:
    """Of the scheduler, what it reads of them."""
    due = {
        kind: longest_pause(schedule).total_seconds() + seconds(settings.late)
        for kind, schedule in kinds(settings, site.topology).items()
    }
    whom = _whom(settings, site.topology)
    addresses = {
        name: [str(address) for address in site.addresses(str(whom[name]), instance)] if name in whom else []
        for name in _FROM
    }
    told = {"due": due, "keep": policy(settings.keepsakes.keep), **addresses}
    yield File("keepsakes.json", json.dumps(told, indent=1))
    for name in settings.repositories:
        yield File(f"cipher-{name}", _CIPHERS[name])
    if "redis" in whom:
        yield File("redis-password", SecretRef("redis/backup"))
    if "postgres" in whom:
        yield File("pgpass", site.render("backup/pgpass.j2", role=roles.DUMP))


def policy(keep: Keep | KeepBeside) -> dict[str, object]:
    """As the program beside the repository reads it."""
    return {**keep.model_dump(exclude={"floor"}), "floor_seconds": seconds(keep.floor)}
