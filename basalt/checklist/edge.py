"""Rows on what people outside meet: HTTPS with a verified name, the headers that browsers act on, limits."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from basalt.checklist.facts import Door, Facts, Reply
from basalt.checklist.row import Question, Row, Unasked

#: What a browser is told on every answer (owasp.org, "HTTP Headers Cheat Sheet").
_SECURITY = (
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "content-security-policy",
    "referrer-policy",
)
_LIMITS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_REDIRECTS = (301, 308)

_DOC = "docs/SECURITY.md"
_REMEDY = "docker logs <edge container>; then basalt up"
_ROUTES = Question("routes", "public routes answer", "look at the part behind the route, then at the edge's log", _DOC)
_TLS = Question("tls", "only TLS 1.2 and newer are spoken", _REMEDY, _DOC)
_HEADERS = Question("headers", "security headers are on every answer", _REMEDY, _DOC)
_RATES = Question("rate-limits", "answers tell the rate limit", _REMEDY, _DOC)
_REDIRECT = Question("redirect", "plain HTTP only redirects to HTTPS", _REMEDY, _DOC)


def rows(facts: Facts) -> Iterator[Row]:
    """Those of each service that gathers routes and publishes a port."""
    by_service: dict[str, list[Door]] = defaultdict(list)
    services = {instance.name: instance.service for instance in facts.plan.site.instances}
    for door in facts.doors:
        by_service[services[door.instance]].append(door)
    for service, doors in by_service.items():
        secure, plain = ([door for door in doors if door.scheme == scheme] for scheme in ("https", "http"))
        # A browser that once saw it on localhost would refuse every other plain page there.
        headers = _headers_of_production if facts.strict else _headers
        for question, fault in ((_ROUTES, _route), (_HEADERS, headers), (_RATES, _rates)):
            yield _replies(question, service, secure, fault)
        yield _tls(service, secure)
        yield _replies(_REDIRECT, service, plain, _redirect)


def _replies(question: Question, service: str, doors: list[Door], fault: Callable[[Reply], str]) -> Row:
    unasked = next((door.replies for door in doors if isinstance(door.replies, Unasked)), None)
    found = [(door, reply) for door in doors if not isinstance(door.replies, Unasked) for reply in door.replies]
    faults = {f"{door.instance} {reply.path}": fault(reply) for door, reply in found}
    real = {where: what for where, what in faults.items() if what}
    nothing = None if found else Unasked("nothing is published")
    return question.of_all(service, "answers", real, len(found), unasked or nothing)


def _route(reply: Reply) -> str:
    return "" if reply.status < 500 else f"answers {reply.status}"


def _headers(reply: Reply) -> str:
    return _missing(reply, _SECURITY)


def _headers_of_production(reply: Reply) -> str:
    forgotten = "max-age=0" in reply.headers.get("strict-transport-security", "").replace(" ", "").split(";")
    return _headers(reply) or ("strict-transport-security lasts no time" if forgotten else "")


def _rates(reply: Reply) -> str:
    return _missing(reply, _LIMITS)


def _missing(reply: Reply, wanted: tuple[str, ...]) -> str:
    lacking = [name for name in wanted if name not in reply.headers]
    return f"without {', '.join(lacking)}" if lacking else ""


def _redirect(reply: Reply) -> str:
    away = reply.headers.get("location", "").startswith("https://")
    return "" if reply.status in _REDIRECTS and away else f"answers {reply.status}, without a redirect to https"


def _tls(service: str, doors: list[Door]) -> Row:
    faults = {
        f"{door.instance}.{door.port}": f"agrees to {door.old}"
        for door in doors
        if isinstance(door.old, str) and door.old
    }
    unasked = next((door.old for door in doors if isinstance(door.old, Unasked)), None)
    spoken = sorted({reply.tls for door in doors if not isinstance(door.replies, Unasked) for reply in door.replies})
    if faults or unasked or not spoken:
        return _TLS.of_all(service, "ports", faults, 0, unasked or Unasked("nothing is published"))
    return _TLS.answer(service, f"{', '.join(spoken)}; older refused", well=True)
