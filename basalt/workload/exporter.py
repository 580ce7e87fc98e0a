"""The companion that tells Prometheus about an instance which does not speak for itself."""

from basalt.workload.watched import Scrape
from basalt.workload.words import FILES, STACK, Authority, Limits, Port, Probe, Reload, Tier, Workload

#: Seconds between two looks at who watches others. Every scrape looks at it too and tells of it; the probe is for `up`,
#: and would cost more than the watching.
RARELY = 120


def asks_https(url: str, authority: Authority = STACK, interval: int = 10) -> Probe:
    """Healthy when the instance's own HTTPS port answers with success and proves its name."""
    command = ("curl", "-fsS", "-o", "/dev/null", "--cacert", f"{FILES}/tls/{authority.name}/ca.crt", url)
    return Probe(command, interval=interval)


def exporter(watched: str, command: tuple[str, ...], port: int, count: int) -> Workload:
    """`<watched>-exporter`: one beside each instance, its metrics under the job `watched`. What differs is added by
    `dataclasses.replace`. Most exporters read certificates at each handshake and need no word of a new one."""
    return Workload(
        name=f"{watched}-exporter",
        image="exporter",
        command=command,
        count=count,
        tier=Tier.WATCH,
        beside=watched,
        ports={"metrics": Port(port, "https")},
        limits=Limits(memory=64, cpus=0.25),
        probe=asks_https(f"https://localhost:{port}/", interval=RARELY),
        reload=Reload(("true",)),
        scrapes=(Scrape(job=watched),),
        # A scrape that is missed by all is no more than one that is missed by each in turn.
        roll=1.0,
    )
