"""Rows on what Prometheus knows: every target answers, every service's own checks hold, alerts are evaluated."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import isnan

from basalt.checklist.facts import Facts
from basalt.checklist.row import STACK, Question, Row, Unasked, Verdict, production
from basalt.collect.checks import Check, checks
from basalt.collect.samples import Sample
from basalt.collect.status import tell

#: What is asked beside the services' own questions.
UP = "min by (instance) (up)"
FIRING = 'ALERTS{alertstate="firing", severity=~"critical|warning"}'

_WRONG = "docs/OPERATIONS.md#when-something-is-wrong"
_TARGETS = Question("targets", "its metrics are scraped", "docker logs <container>; is it healthy?", _WRONG)
_ALERTS = Question("alerts", "no alert fires", "basalt status tells of each; follow its runbook", _WRONG)
_RULES = Question("rules", "alert rules are evaluated", "correct the rule: its lastError says what is wrong", _WRONG)
_RUNBOOKS_REMEDY = "give the setting `runbooks`, of what evaluates rules, the URL under which basalt/services is read"
_NOTHING = Unasked("no data")
#: More values than these are told as a range.
_LISTED = 3


def queries(services: Iterable[str]) -> tuple[str, ...]:
    """Everything to ask of a stack that has these services, each once."""
    own = [check.query for service in services for check in checks(service)]
    return tuple(dict.fromkeys((UP, FIRING, *own)))


def rows(facts: Facts) -> Iterator[Row]:
    """All of them."""
    yield from _targets(facts)
    for service in facts.plan.topology.services:
        for check in checks(service):
            if _applies(facts, check):
                yield _measured(facts, service, check)
    yield _alerts(facts)
    yield from _rules(facts)


def _targets(facts: Facts) -> Iterator[Row]:
    """One for each service that has any."""
    planned: dict[str, set[str]] = defaultdict(set)
    for _, instance in facts.plan.site.scrapes():
        planned[instance.service].add(instance.name)
    found = _samples(facts, UP)
    for service, instances in planned.items():
        if isinstance(found, Unasked):
            yield _TARGETS.unknown(service, found)
            continue
        up = {sample.labels.get("instance", "") for sample in found if sample.value == 1}
        faults = dict.fromkeys(sorted(instances - up), "cannot be scraped")
        yield _TARGETS.of_all(service, "targets", faults, len(instances), None)


def _samples(facts: Facts, query: str) -> list[Sample] | Unasked:
    return facts.samples if isinstance(facts.samples, Unasked) else facts.samples[query]


def _applies(facts: Facts, check: Check) -> bool:
    promised = check.promise is None or check.promise == facts.plan.topology.promise.loss
    return promised and (check.of is None or bool(facts.plan.site.of(check.of)))


def _measured(facts: Facts, service: str, check: Check) -> Row:
    verdicts = {"always": Verdict.FAIL, "production": production(strict=facts.strict), "never": Verdict.WARN}
    see = f"basalt/services/{service}/runbook.md#{check.runbook.lower()}"
    question = Question(check.id, check.title, check.remedy, see, verdicts[check.fails])
    found = _samples(facts, check.query)
    if isinstance(found, Unasked):
        return question.unknown(service, found)
    told = [sample for sample in found if not isnan(sample.value)]
    wrong = [sample for sample in told if not _within(check, sample.value)]
    if wrong:
        return question.answer(service, _values(check, wrong), well=False)
    silent = _silent(facts, check, told)
    if silent:
        return question.unknown(service, silent)
    return question.answer(service, _values(check, told), well=True)


def _within(check: Check, value: float) -> bool:
    low = check.at_least is None or value >= check.at_least
    return low and (check.at_most is None or value <= check.at_most)


def _silent(facts: Facts, check: Check, told: list[Sample]) -> Unasked | None:
    """Why the samples do not tell of everything that was asked."""
    if check.of is None:
        return None if told else _NOTHING
    seen = {sample.labels.get(check.label) for sample in told}
    missing = [instance.name for instance in facts.plan.site.of(check.of) if instance.name not in seen]
    return Unasked(f"no data of {', '.join(missing)}") if missing else None


def _values(check: Check, samples: list[Sample]) -> str:
    told = sorted((sample.labels.get(check.label, ""), sample.value) for sample in samples)
    low, high = (tell(choose(value for _, value in told), check.unit) for choose in (min, max))
    if len(told) > _LISTED:
        return f"{low if low == high else f'{low} to {high}'}, {len(told)} values"
    return ", ".join(f"{whose} {tell(value, check.unit)}".strip() for whose, value in told)


def _alerts(facts: Facts) -> Row:
    found = _samples(facts, FIRING)
    if isinstance(found, Unasked):
        return _ALERTS.unknown(STACK, found)
    names = sorted({f"{s.labels['severity']} {s.labels['alertname']}" for s in found})
    critical = any(name.startswith("critical") for name in names)
    verdict = Verdict.FAIL if critical else Verdict.WARN if names else Verdict.OK
    return _ALERTS.row(STACK, ", ".join(names) or "none", verdict)


def _rules(facts: Facts) -> Iterator[Row]:
    fails = production(strict=facts.strict)
    runbooks = Question("runbooks", "alerts link to their runbooks", _RUNBOOKS_REMEDY, "docs/OPERATIONS.md", fails)
    if isinstance(facts.rules, Unasked):
        yield from (question.unknown(STACK, facts.rules) for question in (_RULES, runbooks))
        return
    if not facts.rules:
        yield from (question.unknown(STACK, Unasked("there are none")) for question in (_RULES, runbooks))
        return
    failing = {rule["name"]: rule.get("lastError") or rule["health"] for rule in facts.rules if rule["health"] != "ok"}
    yield _RULES.of_all(STACK, "rules", failing, len(facts.rules), None)
    links = {rule["annotations"].get("runbook", "") for rule in facts.rules}
    blind = sorted(link for link in links if not link.startswith(("https://", "http://")))
    measured = (
        f"{len(blind)} of {len(links)} are no URL: {blind[0]}" if blind else f"{len(links)} of {len(links)} are URLs"
    )
    yield runbooks.answer(STACK, measured, well=not blind)
