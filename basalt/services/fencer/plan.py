"""One fencer beside each member of PostgreSQL; images/fencer/fencer/decisions.py says what it may do."""

import json
from collections.abc import Iterator

from basalt.services.fencer.settings import Settings
from basalt.services.postgres.settings import Settings as Postgres
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    CONTROL,
    Certificate,
    Endpoint,
    File,
    Limits,
    Port,
    Reload,
    Scrape,
    Tier,
    Workload,
    asks_https,
)

SQL = Endpoint("postgres", "sql")
REST = Endpoint("postgres", "rest")
ETCD = Endpoint("etcd", "client")

_PORT = 9102


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`fencer`."""
    postgres = topology.service(Postgres)
    assert postgres is not None  # noqa: S101  checked at load
    yield Workload(
        name="fencer",
        image="fencer",
        # The copy of Python that the image gives CAP_KILL. A process that gains a capability is closed to others of
        # its user (prctl(2), PR_SET_DUMPABLE): who else observes the host does not get at the control key.
        command=("python3-that-kills", "-m", "fencer"),
        count=postgres.members,
        tier=Tier.DATA,
        beside="postgres",
        ports={"metrics": Port(_PORT, "https")},
        uses=(SQL, REST, ETCD),
        # It must be there when nothing else on the host gets on.
        limits=Limits(memory=64, cpus=0.5, weight=8),
        # A look at its metrics goes through its own process alone.
        probe=asks_https(f"https://localhost:{_PORT}/metrics", interval=30),
        reload=Reload(signal="SIGHUP"),
        scrapes=(Scrape(),),
        capabilities=("KILL",),
        observes_host=True,
        note="fenced are crashes, kills and hangs of the primary; when its whole host dies, Patroni's ttl decides",
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """Its own for metrics; to etcd it speaks as control."""
    yield site.certificate(instance)
    yield site.certificate(instance, authority=CONTROL)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`fencer.json`"""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    members = site.of("postgres")
    own = members[instance.ordinal - 1]
    places = zip(members, site.addresses(str(SQL), instance), site.addresses(str(REST), instance), strict=True)
    document = {
        "witness": instance.name,
        "witnesses": len(members),
        "scope": site.topology.name,
        "own": own.name,
        "address": own.address,
        "window": settings.window,
        "etcd": [{"host": a.name, "port": a.port} for a in site.addresses(str(ETCD), instance)],
        "members": {m.name: {"host": sql.name, "sql": sql.port, "rest": rest.port} for m, sql, rest in places},
    }
    yield File("fencer.json", json.dumps(document, indent=2, sort_keys=True) + "\n", reloads=False)
