"""PromQL of a service's folder, judged before any server sees it."""

import promql_parser

#: Grafana puts the width of a range in its place: four scrapes, or one step of the graph where that is more.
WINDOW = "$__rate_interval"


def resolved(query: str, window: str = "5m") -> str:
    """A panel's query as Prometheus understands it."""
    return query.replace(WINDOW, window)


def fault(query: str) -> str | None:
    """What is wrong with a query; None where nothing is."""
    try:
        promql_parser.parse(resolved(query))
    except ValueError as error:
        return f"{query.strip()!r} is no PromQL: {error}"
    return None
