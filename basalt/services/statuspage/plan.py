"""Two workloads: one serves files, the other asks Prometheus and writes them."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from basalt.collect import rules
from basalt.probing import looks, route_seconds
from basalt.services.nginx.plan import ERROR_LOG
from basalt.services.statuspage.components import components, domain
from basalt.services.statuspage.settings import PORT, Settings, published
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.topology.problem import Problem
from basalt.workload import (
    FILES,
    RARELY,
    Certificate,
    File,
    Limits,
    LogFormat,
    Port,
    Probe,
    Publish,
    Reload,
    Scrape,
    Stop,
    Tier,
    Volume,
    Workload,
    asks_https,
)

_FOLDER = "/var/lib/statuspage"
_METRICS = 9857
_WRITER_LOG = LogFormat(r"^(?P<level>[A-Z]+) (?P<message>.*)")
#: Seconds after which a writer that has written nothing is stuck; it writes every five.
_STUCK = 60


def workloads(settings: Settings, topology: Topology) -> Iterator[Workload]:
    """`statuspage` and `statuspage-writer`."""
    yield Workload(
        name="statuspage",
        image="statuspage",
        command=("nginx", "-c", f"{FILES}/nginx.conf"),
        tier=Tier.WATCH,
        ports={"web": Port(PORT, "https"), "metrics": Port(_METRICS, "https")},
        publish=(Publish("web", *published(settings, topology), "for everybody"),),
        volumes=(Volume("pages", _FOLDER),),
        limits=Limits(memory=48, cpus=0.5),
        probe=asks_https(f"https://localhost:{_METRICS}/healthz", interval=RARELY),
        stop=Stop("SIGQUIT"),
        reload=Reload(signal="SIGHUP"),
        log_format=ERROR_LOG,
        scrapes=(Scrape(),),
    )
    written = f'test -n "$(find {_FOLDER}/metrics -newermt "{_STUCK} seconds ago")"'
    yield Workload(
        name="statuspage-writer",
        image="statuspage",
        command=("python3", "-m", "statuspage"),
        tier=Tier.WATCH,
        beside="statuspage",
        volumes=(Volume("pages", _FOLDER, of="statuspage"),),
        limits=Limits(memory=96, cpus=0.5),
        probe=Probe(("sh", "-c", written), interval=RARELY),
        reload=Reload(signal="SIGHUP"),
        log_format=_WRITER_LOG,
        asks=True,
        sla_report=f"{_FOLDER}/public/sla.json",
    )


def certificates(instance: Instance, site: Site) -> Iterator[Certificate]:
    """The page's bears what people may type; the writer proves nothing, and verifies."""
    if not instance.workload.publish:
        asked = {other.workload.ports[answers.port].authority for answers, other in site.answers()}
        for authority in sorted(asked, key=lambda authority: authority.name):
            yield Certificate(authority, (instance.name,), key=False)
        return
    host = published(_settings(site), site.topology).address
    address = str(site.host(instance).address) if host == "0.0.0.0" else host  # noqa: S104  compared with
    own = site.certificate(instance)
    yield site.certificate(instance, *(n for n in (_domain(site), address) if n not in own.names))


def files(instance: Instance, site: Site) -> Iterator[File]:
    """Each workload's own."""
    if instance.workload.publish:
        hsts = 0 if site.topology.environment.tolerates_one_host else 365 * 86_400
        yield File(
            "nginx.conf",
            site.render("statuspage/nginx.conf.j2", folder=_FOLDER, port=PORT, metrics=_METRICS, hsts=hsts),
        )
        return
    yield File("statuspage.json", json.dumps(_content(site), indent=2, sort_keys=True) + "\n")


def _content(site: Site) -> dict[str, Any]:
    """As images/statuspage/statuspage/config.py reads it."""
    settings = _settings(site)
    shown = components(site, settings.titles, settings.slo / 100)
    return {
        "title": settings.title or f"Status of {domain(site)}",
        "url": _url(site),
        "sources": [_source(other, answers.port, site) for answers, other in site.answers()],
        "components": [asdict(one) for one in shown],
        "alerts": _alerts(settings, {one.service for one in shown}),
        "interval": route_seconds(looks(site)),
        "keep_days": settings.keep_days,
        "mtbf_hours": settings.mtbf_hours,
    }


def _source(instance: Instance, port: str, site: Site) -> dict[str, str]:
    workload = instance.workload
    authority = workload.ports[port].authority
    return {
        "address": site.dial(instance, port),
        "certified": workload.name,
        "authority": f"{FILES}/tls/{authority.name}/ca.crt",
    }


def _alerts(settings: Settings, routed: set[str]) -> dict[str, str]:
    """Name -> words; without words those of services that have routes, which are told when they are critical."""
    found = dict.fromkeys(rules.names(sorted(routed)), "") | settings.own_words
    return {name: words for name, words in sorted(found.items()) if settings.alerts.get(name) != "off"}


def _domain(site: Site) -> str:
    shown = domain(site)
    return _settings(site).domain or (f"status.{shown}" if "." in shown else shown)


def _url(site: Site) -> str:
    """Where people find it."""
    address, number = published(_settings(site), site.topology)
    host = _domain(site) if address == "0.0.0.0" else address  # noqa: S104  compared with
    return f"https://{host}" if number == 443 else f"https://{host}:{number}"


def problems(settings: Settings, site: Site) -> Iterator[Problem]:
    """Somebody has to look, and titles are for routes that there are."""
    if not any(instance.workload.probes for instance in site.instances):
        yield Problem("services.statuspage", "statuspage", "nobody looks at the routes; add `blackbox: {}`")
    known = {route.path for i in site.instances for route in i.workload.routes if not route.streams}
    for path in settings.titles:
        if path not in known:
            near = difflib.get_close_matches(path, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
            yield Problem(f"services.statuspage.titles.{path}", path, f"this stack has no such public route; {hint}")


def _settings(site: Site) -> Settings:
    settings = site.topology.service(Settings)
    assert settings is not None  # noqa: S101  its own instance
    return settings
