"""Rows on what the engines carry: everything planned runs, and as it was planned."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from basalt.checklist import hardening
from basalt.checklist.facts import Facts
from basalt.checklist.row import STACK, Question, Row, Unasked, Verdict
from basalt.plan import Planned
from basalt.targets.docker import container as words

_SECURITY = "docs/SECURITY.md"
_WRONG = "docs/OPERATIONS.md#when-something-is-wrong"
_UP = "run basalt up: it puts back what was changed by hand"

_RUNNING = Question("running", "containers run and are healthy", "docker logs <container>, then basalt up", _WRONG)
_STRANGERS = Question(
    "strangers",
    "nothing else bears the stack's label",
    "find out who made it; docker rm --force <container>, or basalt down --orphans where another clone did",
    _WRONG,
)
_RESTARTS = Question(
    "restarts",
    "no container crashed since it was made",
    "docker logs <container>; where it was killed for memory, raise the service's memory",
    _WRONG,
    Verdict.WARN,
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A question to every container: what is wrong with it, given what was planned; "" where nothing is."""

    question: Question
    fault: Callable[[hardening.Wanted, dict[str, Any]], str]


_RULES = (
    _Rule(Question("user", "processes run as the one unprivileged user", _UP, _SECURITY), hardening.user),
    _Rule(Question("root", "the root file system is read-only", _UP, _SECURITY), hardening.root),
    _Rule(Question("rights", "no capability beyond those declared", _UP, _SECURITY), hardening.rights),
    _Rule(Question("limits", "memory and CPU are limited as planned", _UP, _SECURITY), hardening.limits),
    _Rule(Question("restart", "the engine restarts what should last", _UP, _WRONG), hardening.restart),
    _Rule(Question("logs", "logs are rotated", _UP, _SECURITY), hardening.logs),
    _Rule(Question("ports", "only declared ports are open", _UP, _SECURITY), hardening.ports),
    _Rule(Question("mounts", "only declared volumes are mounted", _UP, _SECURITY), hardening.mounts),
    _Rule(Question("network", "containers are in the stack's network only", _UP, _SECURITY), hardening.network),
)
_CLEAR = Question("clear-secrets", "no secret in environments and arguments", f"make it a file; {_UP}", _SECURITY)
_IMAGES = Question("images", "images are those of the plan", "basalt images, then basalt up", _WRONG)


def rows(facts: Facts) -> Iterator[Row]:
    """All of them."""
    yield from _running(facts)
    found, unasked = facts.found()
    wanted = {p.instance.name: hardening.wanted(facts, p) for p, _ in found}
    for rule in _RULES:
        faults = {p.instance.name: rule.fault(wanted[p.instance.name], told) for p, told in found}
        yield rule.question.of_all(STACK, "containers", _real(faults), len(found), unasked)
    clear = {p.instance.name: hardening.clear_secrets(told) for p, told in found}
    yield _CLEAR.of_all(STACK, "containers", _real(clear), len(found), unasked)
    images = {p.instance.name: hardening.image(facts, p, told) for p, told in found}
    yield _IMAGES.of_all(STACK, "containers", _real(images), len(found), unasked)
    crashes = {p.instance.name: hardening.crash(told) for p, told in found}
    yield _RESTARTS.of_all(STACK, "containers", _real(crashes), len(found), unasked)
    yield _strangers(facts, unasked)


def _real(faults: dict[str, str]) -> dict[str, str]:
    return {name: fault for name, fault in faults.items() if fault}


def _running(facts: Facts) -> Iterator[Row]:
    """One for each service: a failed one is known by its own alerts and runbook."""
    services: dict[str, list[Planned]] = defaultdict(list)
    for planned in facts.plan.planned:
        services[planned.instance.service].append(planned)
    for service, instances in services.items():
        told = {planned.instance.name: (planned, facts.container(planned)) for planned in instances}
        unasked = next((answer for _, answer in told.values() if isinstance(answer, Unasked)), None)
        faults = {
            name: _state(planned, answer) for name, (planned, answer) in told.items() if not isinstance(answer, Unasked)
        }
        yield _RUNNING.of_all(service, "containers", _real(faults), len(instances), unasked)


def _state(planned: Planned, told: dict[str, Any] | None) -> str:
    """What is wrong with the state of a container; "" where nothing is."""
    state = condition(told["State"] if told else None)
    if not planned.instance.workload.task:
        return "" if state == "healthy" else state
    ended = told is not None and state == "exited" and told["State"]["ExitCode"] == 0
    return "" if ended else f"{state}, and should have ended well"


def condition(state: dict[str, Any] | None) -> str:
    """`healthy`, or what else a container is; None is what the engine tells of one that it does not have."""
    match state:
        case None:
            return "missing"
        case {"Paused": True}:
            return "paused"
        case {"Running": True, "Health": {"Status": str(health)}}:
            return health
        case {"Running": True}:
            return "healthy"  # nothing looks after it
    return str(state["Status"])


def _strangers(facts: Facts, unasked: Unasked | None) -> Row:
    planned = {(i.host, words.container_name(facts.plan.site, i)) for i in facts.plan.site.instances}
    engines = {host: engine for host, engine in facts.engines.items() if not isinstance(engine, Unasked)}
    seen = {(host, name) for host, engine in engines.items() for name in engine.containers}
    faults = {name: f"not planned on {host}" for host, name in seen - planned}
    return _STRANGERS.of_all(STACK, "containers", faults, len(seen), unasked)
