"""The files that people and programs are served. Pure: path -> text."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from statuspage import say, view
from statuspage.config import Config
from statuspage.history import DAY, History
from statuspage.report import Period, Report, document, months, report, weeks
from statuspage.state import State

_FOLDER = Path(__file__).parent / "templates"
#: Seconds for which a page is believed, in whole minutes, as the server compares them.
_FRESH = 60
#: Seconds after which a browser asks again.
_REFRESH = 10


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": say.percent, "duration": say.duration}
    return environment


def render(name: str, **values: Any) -> str:
    """`templates/<name>.j2`"""
    return _environment().get_template(f"{name}.j2").render(**values)


def pages(config: Config, history: History, state: State, now: float) -> dict[str, str]:
    """All of them."""
    told = view.told(config, history)
    reports = _reports(history, config, now)
    common = {"config": config, "state": state, "refresh": _REFRESH, **_times(history, now)}
    recent = [one for one in told if not one.end or one.ended > say.iso(now - view.RECENT * DAY)]
    rows = view.rows(config, history, state, now)
    return {
        "index.html": render("index.html", **common, rows=rows, incidents=recent, days=view.BARS, recent=view.RECENT),
        "incidents.html": render("incidents.html", **common, incidents=told),
        "sla.html": render("sla.html", **common, reports=reports),
        "feed.atom": render("feed.atom", config=config, incidents=told[:50], updated=_updated(told)),
        "icon.svg": render("icon.svg", state=state),
        "page.css": (_FOLDER / "page.css").read_text(),
        "status.json": _json(view.document(config, history, state, now)),
        "sla.json": _json(document(reports, config, now)),
    }


def _times(history: History, now: float) -> dict[str, Any]:
    minutes = [f"{say.iso(moment)[:16]}" for moment in (now, now + _FRESH)]
    return {"now": say.iso(now), "clock": say.clock(now), "fresh": minutes, "data": _data(history)}


def _data(history: History) -> str:
    return f"{say.moment(history.seen)} UTC" if history.seen else ""


def _updated(told: tuple[view.Told, ...]) -> str:
    """When the feed last changed: the newest moment of any incident."""
    return max((moment for one in told for moment in (one.began, one.ended)), default="1970-01-01T00:00:00Z")


def _reports(history: History, config: Config, now: float) -> Mapping[str, list[Report]]:
    def made(periods: "list[Period]") -> list[Report]:
        return [report(history, config, period, now) for period in periods]

    since = history.since or now
    return {"months": made(list(months(since, now))), "weeks": made(list(weeks(since, now)))}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1) + "\n"
