"""TCP is passed through unopened; Patroni's role checks, over TLS, say where to."""

from collections.abc import Iterator

from basalt.services.haproxy.settings import Settings
from basalt.services.postgres.promise import INTERVAL
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import (
    CONTROL,
    Certificate,
    Endpoint,
    File,
    Limits,
    LogFormat,
    Port,
    Probe,
    Reload,
    Scrape,
    Stop,
    Tier,
    Tmpfs,
    Workload,
)

SQL = Endpoint("postgres", "sql")
REST = Endpoint("postgres", "rest")


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`haproxy` with `write` and `read`."""
    yield Workload(
        name="haproxy",
        image="haproxy",
        command=("haproxy", "-W", "-db", "-f", "/etc/basalt/haproxy.cfg"),
        count=settings.members,
        tier=Tier.DATA,
        ports={"write": Port(5000), "read": Port(5001), "metrics": Port(8404, "https")},
        uses=(SQL, REST),
        passes=(SQL,),
        tmpfs=(Tmpfs("/tmp"),),  # noqa: S108
        # A connection holds two buffers of 16 KiB; master, worker and, after a reload, the worker before it.
        # When its checks come late, the primary is missed that is there.
        limits=Limits(memory=64 + settings.connections // 32, cpus=1, weight=8),
        probe=Probe(("curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8405/healthz")),
        # SIGUSR1 lets connections end by themselves; a pooled one never does.
        stop=Stop("SIGTERM", 5),
        # The master starts new workers with new files; old ones keep their connections (management.txt, section 4).
        reload=Reload(signal="SIGUSR2"),
        scrapes=(Scrape(),),
        # An "alert" is a backend without a server: bad, and no end of this process.
        log_format=LogFormat(r"^\[(?P<level>[A-Z]+)\]\s+\(\d+\) : (?P<message>.*)", (("ALERT", "error"),)),
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """Its own for metrics; of the control authority only what it needs to know a member by."""
    yield site.certificate(instance)
    yield Certificate(CONTROL, (instance.name,), key=False)


def files(instance: Instance, site: Site) -> Iterator[File]:
    """`haproxy.cfg`"""
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    sql = site.addresses(str(SQL), instance)
    rest = site.addresses(str(REST), instance)
    members = [{"name": s.name, "sql": s, "rest": r.port} for s, r in zip(sql, rest, strict=True)]
    yield File(
        "haproxy.cfg",
        site.render("haproxy/haproxy.cfg.j2", members=members, connections=settings.connections, interval=INTERVAL),
    )
