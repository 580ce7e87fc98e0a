"""While a host is empty, nobody is called because of it: alerts that bear its label `host` are silenced.

By Alertmanager's API, whose members tell each other: unlike those of a stack file, this silence is of the moment, and
ends by itself when nobody undrains the host (prometheus.io/docs/alerting/latest/alertmanager, "Silences"). Alerts about
those that stay are told as ever, also that they are too few."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from basalt.operations import web
from basalt.operations.drain.hands import FAULTS
from basalt.site import Instance, Site

#: By it, its own are found again among those that people have made.
_AUTHOR = "basalt drain"
_PATH = "api/v2/silences"
#: Until all of the host has been seen again, and every rule evaluated: then nothing is left to tell.
_SEEN_AGAIN = timedelta(minutes=2)

Silence = dict[str, Any]


class SilenceError(Exception):
    """Nobody who takes alerts could be told."""


def begin(site: Site, host: str, lasting: timedelta) -> datetime | None:
    """Silences alerts about a host, also where they are silenced already; until when. None where nobody who stays takes
    alerts. SilenceError."""
    takers = [one for one in site.takes_alerts() if one.host != host]
    if not takers:
        return None
    taker, former = _own(site, takers, host)
    now = datetime.now(UTC)
    _tell(site, taker, silence(host, former, now, now + lasting))
    return now + lasting


def end(site: Site, host: str) -> None:
    """Its alerts are told again, once all of it has been seen. SilenceError."""
    if not (takers := site.takes_alerts()):
        return
    taker, former = _own(site, takers, host)
    if former:
        now = datetime.now(UTC)
        _tell(site, taker, silence(host, former, now, now + _SEEN_AGAIN))


def own(held: Sequence[Silence], host: str) -> Silence | None:
    """The one of this host that was made by a drain and is in force, out of `GET /api/v2/silences`."""
    found = (
        one
        for one in held
        if one["createdBy"] == _AUTHOR and one["status"]["state"] == "active" and one["matchers"] == [_matcher(host)]
    )
    return next(found, None)


def silence(host: str, former: Mapping[str, Any] | None, now: datetime, until: datetime) -> Silence:
    """`POST /api/v2/silences`: a new one, or another end of the `former` one."""
    kept = {"id": former["id"], "startsAt": former["startsAt"]} if former else {"startsAt": now.isoformat()}
    return {
        **kept,
        "endsAt": until.isoformat(),
        "matchers": [_matcher(host)],
        "createdBy": _AUTHOR,
        "comment": f"{host} is emptied; basalt undrain {host} ends it",
    }


def _matcher(host: str) -> dict[str, Any]:
    return {"name": "host", "value": host, "isRegex": False, "isEqual": True}


def _own(site: Site, takers: Sequence[Instance], host: str) -> tuple[Instance, Silence | None]:
    """The first taker that answers, and the host's silence that it holds."""
    why = []
    for taker in takers:
        try:
            return taker, own(json.loads(_ask(site, taker, "--fail", _PATH)), host)
        except SilenceError as error:
            why.append(str(error))
    raise SilenceError("; ".join(why))


def _tell(site: Site, taker: Instance, told: Silence) -> None:
    content = ("--header", "Content-Type: application/json", "--data", json.dumps(told))
    _ask(site, taker, "--fail-with-body", *content, _PATH)


def _ask(site: Site, taker: Instance, *asked: str) -> str:
    try:
        return web.ask(site, taker, taker.workload.takes_alerts, [asked])
    except (web.WebError, *FAULTS) as error:
        raise SilenceError(str(error)) from error
