"""Transaction pooling over TLS: `<database>` leads to the primary, `<database>_ro` to replicas."""

from collections.abc import Iterator
from dataclasses import replace

from basalt.services.pgbouncer.settings import Settings
from basalt.services.postgres.promise import CONNECT, RETRY
from basalt.services.postgres.roles import secret_of
from basalt.services.postgres.settings import Settings as Postgres
from basalt.site import Address, Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    FILES,
    Endpoint,
    File,
    Limits,
    LogFormat,
    Port,
    Probe,
    Reload,
    Stop,
    Tier,
    Workload,
    exporter,
)

SQL = Endpoint("pgbouncer", "sql")
WRITE = Endpoint("haproxy", "write")
READ = Endpoint("haproxy", "read")

#: Who is pooled. Migrations need sessions (advisory locks, SET ROLE) and go to HAProxy.
_POOLED = ("app", "readonly")
_CA = f"{FILES}/tls/stack/ca.crt"
#: It reads a file that leads to the declared one, or past a host (images/pgbouncer/guard/leading.py). Each connection
#: is an open file; PgBouncer takes the soft limit as it is, which is 1024 with some engines: it would refuse clients
#: before `max_client_conn` does.
_START = (
    'printf "%%include %s\\n" "$1" > /tmp/pgbouncer.ini && ulimit -S -n "$(ulimit -H -n)"'
    " && exec pgbouncer /tmp/pgbouncer.ini"
)
_FLAGS = (f"--web.config.file={FILES}/web.yml", "--log.format=json")


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`pgbouncer`, and an exporter beside each member."""
    yield Workload(
        name="pgbouncer",
        image="pgbouncer",
        command=("sh", "-c", _START, "sh", f"{FILES}/pgbouncer.ini"),
        count=settings.members,
        tier=Tier.DATA,
        ports={"sql": Port(6432)},
        uses=(WRITE, READ),
        dials_groups=True,
        # Its own process takes 10 MiB; a client connection about 10 KiB, with TLS about 40.
        limits=Limits(memory=48 + settings.clients // 16, weight=4),
        probe=Probe(("pgbouncer-answers",)),
        # SIGTERM waits for all clients to leave, which pooled clients do not; SIGINT for their transactions (1.23).
        stop=Stop("SIGINT", 15),
        reload=Reload(signal="SIGHUP"),
        log_format=LogFormat(r"^\S+ \S+ \S+ \[\d+\] (?P<level>[A-Z]+) (?P<message>.*)"),
    )
    target = f'exec "$@" --pgBouncer.connectionString="$(cat {FILES}/target)"'
    # Its target is another one for each instance, which a command of the workload cannot say.
    command = ("sh", "-c", target, "sh", "prometheus-pgbouncer-exporter", *_FLAGS)
    yield replace(
        exporter("pgbouncer", command, 9127, settings.members),
        # lib/pq reads the password from here: it is neither in the arguments nor in the environment.
        environment={"PGPASSFILE": f"{FILES}/pgpass"},
        uses=(SQL,),
    )


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Each workload's own."""
    if instance.workload.name == "pgbouncer":
        yield from _pooler_files(instance, site)
        return
    address = site.addresses(str(SQL), instance)[instance.ordinal - 1]
    yield File("target", f"postgres://stats@{address}/pgbouncer?sslmode=verify-full&sslrootcert={_CA}", reloads=False)
    yield File("pgpass", site.render("pgbouncer/pgpass.j2", address=address))
    yield File("web.yml", site.render("exporter/web.yml.j2"))


def _pooler_files(instance: Instance, site: Site) -> Iterator[File]:
    settings, postgres = site.topology.service(Settings), site.topology.service(Postgres)
    assert settings is not None  # noqa: S101  its own instance
    assert postgres is not None  # noqa: S101  checked at load
    write, read = site.addresses(str(WRITE), instance), site.addresses(str(READ), instance)
    # The workload's name resolves to all its members. A list of names would be compared as a whole with the name in
    # the certificate (PgBouncer 1.24: "name `haproxy-1,haproxy-2' not present in server certificate").
    databases = [(name, name, WRITE.workload, _shared_port(write)) for name in postgres.databases]
    databases += [(f"{name}_ro", name, READ.workload, _shared_port(read)) for name in postgres.databases]
    text = site.render(
        "pgbouncer/pgbouncer.ini.j2",
        databases=databases,
        pool=settings.pool,
        clients=settings.clients,
        retry=RETRY,
        connect=CONNECT,
    )
    yield File("pgbouncer.ini", text)
    users = [(f"{name}_{purpose}", secret_of(name, purpose)) for name in postgres.databases for purpose in _POOLED]
    yield File("userlist.txt", site.render("pgbouncer/userlist.txt.j2", users=users))


def _shared_port(addresses: tuple[Address, ...]) -> int:
    """A name that stands for several members has one port; ValueError when the placement gave them different ones."""
    if len({address.port for address in addresses}) > 1:
        raise ValueError("haproxy members share a host and so have different ports; declare as many as there are hosts")
    return addresses[0].port
