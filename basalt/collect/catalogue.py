"""The plan and the services' folders -> CATALOG.md: everything there is, in one document. Pure; names no service."""

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

from basalt import services
from basalt.collect import checks, dashboards, rules, status
from basalt.collect.openings import users
from basalt.collect.settings import settings
from basalt.collect.status import Unit, tell
from basalt.site import Instance, Site
from basalt.topology.model import Topology
from basalt.workload import Workload

_HEAD = """# Catalogue

Written by `basalt catalogue --stack {stack} > CATALOG.md`: everything that basalt has, out of its code. Workloads are
those that stack `{stack}` plans; instances, limits and ports of another stack: `basalt plan --stack <stack>`.
"""


def catalogue(site: Site) -> str:
    """The whole document (Markdown)."""
    parts = [_HEAD.format(stack=site.topology.name), _contents(), _stack_file()]
    parts += ["\n".join(_service(name, site)) for name in services.names()]
    return "\n".join(parts)


def _contents() -> str:
    rows = [(f"[{name}](#{name})", _description(name)) for name in services.names()]
    return "\n".join(_table(("service", "what it is"), rows))


def _stack_file() -> str:
    rows = [row for row in _settings_rows(Topology) if not row[0].startswith(("`name`", "`services`"))]
    head = "## The stack file\n\nKeys below `basalt:topology`; `services` holds a block for each service, below.\n"
    return "\n".join((head, *_table(("key", "value", "default", "what it means"), rows)))


def _service(name: str, site: Site) -> Iterator[str]:
    yield f"## {name}\n\n{_description(name)}\n"
    own = _own(name, site)
    yield from _section(
        "Settings", ("key", "value", "default", "what it means"), _settings_rows(services.settings_type(name))
    )
    yield from _section("Workloads", ("name", "tier", "instances", "MiB", "cores", "probe", "volumes"), _workloads(own))
    yield from _section("Ports", ("endpoint", "number", "speaks", "used by"), _ports(own, site))
    yield from _section("Metrics", ("job", "asked at"), _metrics(own))
    yield from _section("Alerts", ("alert", "severity", "when", "tells"), _alerts(name))
    yield from _section("Status", ("what", "unit"), [(row.title, row.unit.value) for row in status.rows(name)])
    yield from _section("Checks", ("id", "what", "expected", "otherwise"), _checks(name))
    yield from _section("Dashboard", ("panel", "what it shows"), _panels(name))


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Left out where there is nothing to tell."""
    told = list(rows)
    if told:
        yield f"**{title}**\n"
        yield from _table(head, told)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""


def _description(name: str) -> str:
    return " ".join((import_module(f"{services.__name__}.{name}").__doc__ or "").split())


def _settings_rows(kind: type) -> list[tuple[str, str, str, str]]:
    found = settings(kind)
    return [(f"`{one.path}`", one.kind, _code(one.default), one.description) for one in found]


def _code(default: str) -> str:
    return default if default == "required" else f"`{default}`"


def _own(name: str, site: Site) -> list[Instance]:
    """The first instance of each of its workloads."""
    first = {i.workload.name: i for i in reversed(site.instances) if i.service == name}
    return sorted(first.values(), key=lambda instance: instance.workload.name)


def _workloads(own: list[Instance]) -> Iterator[tuple[str, ...]]:
    for instance in own:
        workload = instance.workload
        probe = f"every {workload.probe.interval} s" if workload.probe else "runs to its end" if workload.task else ""
        volumes = ", ".join(f"{volume.name} at {volume.path}" for volume in workload.volumes)
        yield (
            f"`{workload.name}`",
            workload.tier.value,
            _count(workload),
            str(workload.limits.memory),
            f"{workload.limits.cpus:g}",
            probe,
            volumes,
        )


def _count(workload: Workload) -> str:
    if workload.every_host:
        return "one on each host"
    return f"{workload.count}, beside {workload.beside}" if workload.beside else str(workload.count)


def _ports(own: list[Instance], site: Site) -> Iterator[tuple[str, ...]]:
    for instance in own:
        workload = instance.workload
        for name, port in workload.ports.items():
            published = [f"{p.address}:{p.number} of the host" for p in workload.publish if p.port == name]
            using = sorted({user.workload.name for user in users(site, instance, name)})
            yield f"`{workload.name}.{name}`", str(port.number), port.scheme, ", ".join((*published, *using))


def _metrics(own: list[Instance]) -> Iterator[tuple[str, ...]]:
    for instance in own:
        for scrape in instance.workload.scrapes:
            query = "&".join(f"{key}={value}" for key, value in scrape.params)
            asked = f"{instance.workload.name}.{scrape.port}{scrape.path}{'?' if query else ''}{query}"
            yield scrape.job or instance.workload.name, f"`{asked}`"


def _alerts(name: str) -> Iterator[tuple[str, ...]]:
    for group in rules.read(services.folder(name)):
        for rule in group["rules"]:
            if "alert" in rule:
                link = f"[{rule['alert']}](basalt/services/{name}/runbook.md#{rule['alert'].lower()})"
                lasting = f"for {rule['for']}" if "for" in rule else "at once"
                yield link, rule["labels"]["severity"], lasting, rule["annotations"]["summary"]


def _checks(name: str) -> Iterator[tuple[str, ...]]:
    for check in checks.checks(name):
        bounds = ((check.at_least, "at least"), (check.at_most, "at most"))
        expected = [f"{word} {_bound(bound, check.unit)}" for bound, word in bounds if bound is not None]
        misses = {"always": "fails", "production": "fails in production", "never": "warns"}
        yield check.id, check.title, ", ".join(expected), misses[check.fails]


def _bound(value: float, unit: Unit) -> str:
    return f"{value:g}" if unit in (Unit.COUNT, Unit.NUMBER) else tell(value, unit)


def _panels(name: str) -> Iterator[tuple[str, ...]]:
    return ((panel.title or "", " ".join((panel.description or "").split())) for panel in dashboards.read(name))
