"""Rows on certificates: how long those that containers hold last."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from basalt.checklist.facts import Facts
from basalt.checklist.row import Question, Row, Unasked, Verdict

#: Days before the end of the first; those of the alerts CertificateEndsNow and CertificateEndsSoon.
_NOW, _SOON = 3, 14
_LAST = Question("certificates", "its certificates last", "run basalt up: it renews them", "docs/SECURITY.md")


def rows(facts: Facts) -> Iterator[Row]:
    """One for each service whose containers hold any."""
    ends: dict[str, dict[str, datetime | Unasked]] = defaultdict(dict)
    for planned in facts.plan.planned:
        engine = facts.engines[planned.instance.host]
        name = f"{facts.plan.topology.name}-{planned.instance.name}"
        if planned.certificates:
            missing = Unasked(f"{planned.instance.name} is missing")
            end = engine if isinstance(engine, Unasked) else engine.ends.get(name, missing)
            ends[planned.instance.service][planned.instance.name] = end
    for service, found in ends.items():
        yield _row(facts, service, found)


def _row(facts: Facts, service: str, ends: dict[str, datetime | Unasked]) -> Row:
    days = {name: (end - facts.now).days for name, end in ends.items() if isinstance(end, datetime)}
    unasked = next((end for end in ends.values() if isinstance(end, Unasked)), None)
    first = min(days, key=lambda name: days[name], default="")
    verdict = _verdict(facts, days[first]) if days else Verdict.UNKNOWN
    if unasked and verdict is not Verdict.FAIL:
        return _LAST.unknown(service, unasked)
    return _LAST.row(service, f"{first} {days[first]} days, the first of {len(days)}", verdict)


def _verdict(facts: Facts, days: int) -> Verdict:
    """Where certificates are renewed later than that, nothing is wrong before they are."""
    renew = facts.plan.topology.certificates.renew
    if days < min(_NOW, renew):
        return Verdict.FAIL
    return Verdict.WARN if days < min(_SOON, renew) else Verdict.OK
