"""The companion that tells Prometheus about an instance which does not speak for itself."""

from basalt.workload.words import FILES, STACK, Authority, Limits, Port, Probe, Reload, Scrape, Tier, Workload


def asks_https(url: str, authority: Authority = STACK) -> Probe:
    """Healthy when the instance's own HTTPS port answers with success and proves its name."""
    return Probe(("curl", "-fsS", "-o", "/dev/null", "--cacert", f"{FILES}/tls/{authority.name}/ca.crt", url))


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
        probe=asks_https(f"https://localhost:{port}/"),
        reload=Reload(("true",)),
        scrapes=(Scrape(job=watched),),
        # A scrape that is missed by all is no more than one that is missed by each in turn.
        roll=1.0,
    )
