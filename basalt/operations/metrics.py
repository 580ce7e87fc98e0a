"""Questions to the stack's Prometheus, from inside its container: nothing of it needs to be published."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from basalt.collect.samples import Sample
from basalt.operations import web
from basalt.site import Site


class MetricsError(Exception):
    """Prometheus cannot be asked, or does not understand a question."""


def ask(site: Site, queries: Sequence[str]) -> list[list[Sample]]:
    """The answer to each query, in one call. Raises MetricsError."""
    asked = [("--get", "--data-urlencode", f"query={query}", "query") for query in queries]
    return [_samples(query, answer) for query, answer in zip(queries, _answers(site, asked), strict=True)]


def alert_rules(site: Site) -> list[dict[str, Any]]:
    """The alert rules that are evaluated, as `/api/v1/rules` tells them. Raises MetricsError."""
    (answer,) = _answers(site, [("rules?type=alert",)])
    match answer:
        case {"status": "success", "data": {"groups": [*groups]}}:
            return [rule for group in groups for rule in group["rules"]]
    raise MetricsError(f"the rules: {answer.get('error', answer)}")


def _answers(site: Site, asked: Sequence[tuple[str, ...]]) -> list[dict[str, Any]]:
    """What Prometheus answers to each: flags of curl, and last what follows `/api/v1/`."""
    answering = next(site.answers(), None)
    if answering is None:
        raise MetricsError(f"stack {site.topology.name} has no metrics; add `monitoring: {{}}` to its services")
    answers, collector = answering
    try:
        return list(_documents(web.ask(site, collector, answers.port, [_below(one) for one in asked])))
    except web.WebError as error:
        raise MetricsError(str(error)) from None


def _below(asked: tuple[str, ...]) -> tuple[str, ...]:
    *flags, path = asked
    return (*flags, f"api/v1/{path}")


def _documents(text: str) -> Iterator[dict[str, Any]]:
    decoder, position = json.JSONDecoder(), 0
    while position < len(text.rstrip()):
        document, position = decoder.raw_decode(text, position)
        yield document


def _samples(query: str, answer: dict[str, Any]) -> list[Sample]:
    match answer:
        case {"status": "success", "data": {"result": [*results]}}:
            return [Sample(result["metric"], float(result["value"][1])) for result in results]
    raise MetricsError(f"{query}: {answer.get('error', answer)}")
