"""Rows on hosts: engines that answer, what they have, and what the loss of a zone would take."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from basalt.checklist.facts import Engine, Facts
from basalt.checklist.row import STACK, Question, Row, Unasked, Verdict, production
from basalt.site import Instance
from basalt.workload import Tier

_HOSTS = "docs/OPERATIONS.md#hosts"
_ENGINES = Question(
    "engines", "every host's engine answers", "check hosts.<name>.engine, and that the host is up", _HOSTS
)
_CAPACITY = Question(
    "capacity", "hosts have the declared cores and memory", "correct hosts.<name> in the stack file", _HOSTS
)
_LAST = Question(
    "engine-certificates",
    "certificates of engines, and of this clone for them, last",
    "run basalt hosts site: it renews them; where engine_certificates is declared, renew them there",
    _HOSTS,
)
#: Days before the end. `site` renews what has less than a third of its two years left.
_NOW, _SOON = 14, 60
#: The kernel keeps a part of the memory (as in ansible/playbooks/verify.yml).
_KEPT = 0.05


def rows(facts: Facts) -> Iterator[Row]:
    """All of them."""
    down = {host: told.reason for host, told in facts.engines.items() if isinstance(told, Unasked)}
    up = {host: told for host, told in facts.engines.items() if isinstance(told, Engine)}
    unasked = Unasked(f"no answer of {', '.join(down)}") if down else None
    yield _ENGINES.of_all(STACK, "engines", down, len(up), None)
    small = {host: _lacks(facts, host, engine) for host, engine in up.items()}
    yield _CAPACITY.of_all(STACK, "hosts", {h: what for h, what in small.items() if what}, len(up), unasked)
    yield from _certificates(facts, up, unasked)
    yield from _zones(facts, unasked)


def _certificates(facts: Facts, up: dict[str, Engine], unasked: Unasked | None) -> Iterator[Row]:
    days = {host: (engine.own_end - facts.now).days for host, engine in up.items() if engine.own_end}
    if not days:
        return
    first = min(days, key=lambda host: days[host])
    verdict = Verdict.FAIL if days[first] < _NOW else Verdict.WARN if days[first] < _SOON else Verdict.OK
    if unasked and verdict is Verdict.OK:
        yield _LAST.unknown(STACK, unasked)
    else:
        yield _LAST.row(STACK, f"{first} {days[first]} days, the first of {len(days)}", verdict)


def _lacks(facts: Facts, name: str, engine: Engine) -> str:
    host = facts.plan.topology.hosts[name]
    faults = [f"{engine.cores} cores, declared {host.cores}"] if engine.cores < host.cores else []
    if engine.memory < host.memory * (1 - _KEPT):
        faults.append(f"{engine.memory} MiB, declared {host.memory}")
    return ", ".join(faults)


def _zones(facts: Facts, unasked: Unasked | None) -> Iterator[Row]:
    """Of where containers are, not of where they should be."""
    fails = production(strict=facts.strict)
    remedy = "give hosts in other zones the tier (hosts.<name>.zone, tiers)"
    zones = Question("zones", "the loss of a zone takes no workload", remedy, _HOSTS, fails)
    apart = Question("backups-apart", "backups stand in another zone than the data", remedy, _HOSTS, fails)
    running = [planned.instance for planned, told in facts.found()[0] if told["State"]["Running"]]
    by_workload: dict[str, list[Instance]] = defaultdict(list)
    for instance in running:
        if _can_be_spread(instance):
            by_workload[instance.workload.name].append(instance)
    lost = {name: _lost(facts, instances) for name, instances in by_workload.items()}
    if lost or unasked:
        yield zones.of_all(STACK, "workloads", {n: text for n, text in lost.items() if text}, len(lost), unasked)
    tiers = {
        tier: {facts.plan.site.host(i).zone for i in running if _holds(i, tier)} for tier in (Tier.DATA, Tier.BACKUP)
    }
    if tiers[Tier.BACKUP]:
        both = sorted(tiers[Tier.DATA] & tiers[Tier.BACKUP])
        told = f"zone {', '.join(both)} holds both" if both else f"zone {', '.join(sorted(tiers[Tier.BACKUP]))}"
        yield apart.answer(STACK, told, well=not both)


def _can_be_spread(instance: Instance) -> bool:
    """What stands on each host, or beside others, is where these are."""
    return instance.workload.count > 1 and not instance.workload.every_host and instance.workload.beside is None


def _holds(instance: Instance, tier: Tier) -> bool:
    return instance.workload.tier is tier and instance.workload.beside is None


def _lost(facts: Facts, instances: list[Instance]) -> str:
    """What the loss of the fullest zone would take; "" where enough is left."""
    workload = instances[0].workload
    zone, most = Counter(facts.plan.site.host(instance).zone for instance in instances).most_common(1)[0]
    return f"{most} of {workload.count} in zone {zone}" if len(instances) - most < workload.needed else ""
