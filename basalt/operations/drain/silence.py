"""While a host is empty, nobody is called because of it: alerts that bear its label `host` are silenced.

By Alertmanager's API, whose members tell each other: unlike those of a stack file, this silence is of the moment, and
ends by itself when nobody undrains the host (prometheus.io/docs/alerting/latest/alertmanager, "Silences"). Alerts about
those that stay are told as ever, also that they are too few."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from basalt.operations import web
from basalt.operations.drain.hands import FAULTS
from basalt.site import Instance, Site

#: By it, its own are found again among those that people have made.
_AUTHOR = "basalt drain"
_PATH = "api/v2/silences"
#: Until all of the host has been seen again, and every rule evaluated: then nothing is left to tell.
_SEEN_AGAIN = timedelta(minutes=2)

#: Alertmanager begins what begins before now when it takes it, by its own clock.
_AT_ONCE = "1970-01-01T00:00:00Z"

Silence = dict[str, Any]


class SilenceError(Exception):
    """Nobody who takes alerts could be told."""


def begin(site: Site, host: str, lasting: timedelta) -> datetime | None:
    """Silences alerts about a host, also where they are silenced already; until when. None where nobody who stays takes
    alerts. SilenceError."""
    takers = [one for one in site.takes_alerts() if one.host != host]
    if not takers:
        return None
    taker, held, now = _any(site, takers)
    until = now + lasting
    for told in [silence(host, one, until) for one in own(held, host)] or [silence(host, None, until)]:
        _tell(site, taker, told)
    return until


def end(site: Site, host: str) -> None:
    """Its alerts are told again, once all of it has been seen. SilenceError where somebody could not be told: who has
    just been started may not have heard from the others, so each is asked."""
    why = []
    for taker in site.takes_alerts():
        try:
            held, now = _held(site, taker)
            for former in own(held, host):
                if datetime.fromisoformat(former["endsAt"]) > now + _SEEN_AGAIN:
                    _tell(site, taker, silence(host, former, now + _SEEN_AGAIN))
        except SilenceError as error:
            why.append(str(error))
    if why:
        raise SilenceError("; ".join(why))


def own(held: Sequence[Silence], host: str) -> list[Silence]:
    """Those of this host that drains have made and that have not ended, out of `GET /api/v2/silences`."""
    return [
        one
        for one in held
        if one["createdBy"] == _AUTHOR and one["status"]["state"] != "expired" and one["matchers"] == [_matcher(host)]
    ]


def silence(host: str, former: Mapping[str, Any] | None, until: datetime) -> Silence:
    """`POST /api/v2/silences`: a new one, which begins when it is taken, or another end of the `former` one."""
    kept = {"id": former["id"], "startsAt": former["startsAt"]} if former else {"startsAt": _AT_ONCE}
    return {
        **kept,
        "endsAt": until.isoformat(),
        "matchers": [_matcher(host)],
        "createdBy": _AUTHOR,
        "comment": f"{host} is emptied; basalt undrain {host} ends it",
    }


def _matcher(host: str) -> dict[str, Any]:
    return {"name": "host", "value": host, "isRegex": False, "isEqual": True}


def _any(site: Site, takers: Sequence[Instance]) -> tuple[Instance, list[Silence], datetime]:
    """The first taker that answers, and what it holds."""
    why = []
    for taker in takers:
        try:
            return taker, *_held(site, taker)
        except SilenceError as error:
            why.append(str(error))
    raise SilenceError("; ".join(why))


def _held(site: Site, taker: Instance) -> tuple[list[Silence], datetime]:
    """What a taker holds, and what time it is there: it judges by its own clock."""
    text, _, date = _ask(site, taker, "--fail", "--write-out", "\n%header{date}", _PATH).rpartition("\n")
    try:
        return json.loads(text), parsedate_to_datetime(date)
    except ValueError as error:
        raise SilenceError(f"{taker.name} answers what cannot be read: {error}") from error


def _tell(site: Site, taker: Instance, told: Silence) -> None:
    content = ("--header", "Content-Type: application/json", "--data", json.dumps(told))
    _ask(site, taker, "--fail-with-body", *content, _PATH)


def _ask(site: Site, taker: Instance, *asked: str) -> str:
    try:
        return web.ask(site, taker, taker.workload.takes_alerts, [asked])
    except (web.WebError, *FAULTS) as error:
        raise SilenceError(str(error)) from error
