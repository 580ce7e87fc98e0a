"""Redis members and the sentinels that choose their master: TLS only, one user for each purpose."""

from collections.abc import Iterator
from dataclasses import replace

from basalt.services.redis.memory import shares
from basalt.services.redis.settings import Settings
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    RARELY,
    Endpoint,
    File,
    Limits,
    LogFormat,
    Port,
    Probe,
    Reload,
    Stop,
    Tier,
    Volume,
    Workload,
    asks_https,
    exporter,
)

DATA = "redis.data"
SENTINEL = "redis-sentinel.sentinel"

_DATA_PORT = 6379
_SENTINEL_PORT = 26379
_AUTHORITY = "/etc/basalt/tls/stack/ca.crt"
#: Redis' log levels are signs (src/server.c, serverLogRaw).
_LOG = LogFormat(
    r"^\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ (?P<level>[.*#-]) (?P<message>.*)",
    ((".", "debug"), ("-", "info"), ("*", "info"), ("#", "warning")),
)
_CERTIFICATE = (
    "-tls-server-cert-file",
    "/etc/basalt/tls/stack/tls.crt",
    "-tls-server-key-file",
    "/etc/basalt/tls/stack/tls.key",
)


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """Members, sentinels, and an exporter beside each of either."""
    yield _members(settings, topology)
    yield _sentinels(settings)
    yield _exporter("redis", Endpoint.parse(DATA), settings.members, 9121)
    yield _exporter("redis-sentinel", Endpoint.parse(SENTINEL), settings.sentinels, 9122)


def _members(settings: Settings, topology: Topology) -> Workload:
    memory = settings.memory or max(64, topology.share(Tier.DATA, settings.members, fraction=1 / 16, most=2048))
    return Workload(
        name="redis",
        image="redis",
        command=("redis-member",),
        count=settings.members,
        least=1 + _replicas_to_write(settings.members),
        tier=Tier.DATA,
        ports={"data": Port(_DATA_PORT)},
        uses=(Endpoint.parse(SENTINEL), Endpoint.parse(DATA)),
        volumes=(Volume("data", "/var/lib/redis"),),
        limits=Limits(memory=memory, weight=4),
        probe=_ping(_DATA_PORT),
        # shutdown-timeout lets replicas catch up for 10 s, then the append-only file is synced.
        stop=Stop(seconds=30),
        reload=Reload(("redis-reload",)),
        log_format=_LOG,
    )


def _sentinels(settings: Settings) -> Workload:
    return Workload(
        name="redis-sentinel",
        image="redis",
        command=("redis-voter",),
        count=settings.sentinels,
        tier=Tier.CONTROL,
        quorum=True,
        ports={"sentinel": Port(_SENTINEL_PORT)},
        uses=(Endpoint.parse(DATA), Endpoint.parse(SENTINEL)),
        volumes=(Volume("state", "/var/lib/redis-sentinel"),),
        # When it is late, it misses a master that is there.
        limits=Limits(memory=48, cpus=0.5, weight=8),
        probe=_ping(_SENTINEL_PORT),
        log_format=_LOG,
    )


def _ping(port: int) -> Probe:
    """An answer is life: without a password it is NOAUTH, while keys are loaded it is LOADING."""
    return Probe(("redis-cli", "--tls", "--cacert", _AUTHORITY, "-p", str(port), "ping"), interval=10)


def _exporter(watched: str, endpoint: Endpoint, count: int, port: int) -> Workload:
    flags = (
        *("-redis.user", "exporter", "-redis.password-file", "/etc/basalt/passwords.json"),
        *("-web.listen-address", f":{port}", "-tls-ca-cert-file", _AUTHORITY, *_CERTIFICATE),
        # CONFIG GET would show it the passwords of replication.
        *("-config-command", "-", "-connection-timeout", "5s", "-log-format", "json"),
    )
    # Its target is another one for each instance, which a command of the workload cannot say.
    script = 'exec "$@" -redis.addr "$(cat /etc/basalt/target)"'
    return replace(
        exporter(watched, ("sh", "-c", script, "sh", "prometheus-redis-exporter", *flags), port, count),
        uses=(endpoint,),
        probe=asks_https(f"https://localhost:{port}/health", interval=RARELY),
        # The passwords are read at SIGHUP.
        reload=Reload(signal="SIGHUP"),
    )


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Each workload's own."""
    kinds = {"redis": _member_files, "redis-sentinel": _sentinel_files}
    yield from kinds.get(instance.workload.name, _exporter_files)(instance, site)


def _member_files(instance: Instance, site: Site) -> Iterator[File]:
    memory = shares(instance.workload.limits.memory)
    own = site.address(instance, "data")
    members = site.addresses(DATA, instance)
    text = site.render(
        "redis/redis.conf.j2", own=own, memory=memory, replicas_to_write=_replicas_to_write(len(members))
    )
    yield File("redis.conf", text, reloads=False)
    sentinels = " ".join(str(address) for address in site.addresses(SENTINEL, instance))
    first = members[0]
    yield File("member", f"{own.name} {own.port}\n{first.name} {first.port}\n{sentinels}\n", reloads=False)
    yield File("users.acl", site.render("redis/users.acl.j2"))
    yield from _console(site, _DATA_PORT)


def _sentinel_files(instance: Instance, site: Site) -> Iterator[File]:
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    yield File(
        "sentinel.conf",
        site.render(
            "redis/sentinel.conf.j2",
            own=site.address(instance, "sentinel"),
            members=site.addresses(DATA, instance),
            majority=settings.sentinels // 2 + 1,
            down_after=settings.down_after_ms,
        ),
        reloads=False,
    )
    yield File("users.acl", site.render("redis/sentinel-users.acl.j2"))
    yield from _console(site, _SENTINEL_PORT)


def _console(site: Site, port: int) -> Iterator[File]:
    """What `redis-console` inside the container reads."""
    yield File("login", site.render("redis/login.j2"))
    yield File("port", f"{port}\n", reloads=False)


def _exporter_files(instance: Instance, site: Site) -> Iterator[File]:
    endpoint = instance.workload.uses[0]
    address = site.addresses(str(endpoint), instance)[instance.ordinal - 1]
    yield File("target", f"rediss://{address}", reloads=False)
    yield File("passwords.json", site.render("redis/passwords.json.j2", address=address))


def _replicas_to_write(members: int) -> int:
    """How many replicas a write needs: one, where a failover still leaves one."""
    return 1 if members > 2 else 0
