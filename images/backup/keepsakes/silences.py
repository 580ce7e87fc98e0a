"""Alertmanager's silences, as people have set them: what the stack file and `basalt drain` mute is not among them.
Members tell each other, so one knows all."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keepsakes.source import SourceError

KIND = "silences"

_AUTHORITY = "/etc/basalt/tls/stack/ca.crt"
_PATIENCE = 20.0  # seconds
#: Of a silence, what it takes to set it again (Alertmanager's api/v2/openapi.yaml, postableSilence).
_WHAT = ("matchers", "startsAt", "endsAt", "createdBy", "comment")

#: Who silences a host that is emptied, and ends that when it is filled (basalt/operations/drain/silence.py): given back
#: later, it would mute one that is well.
_DRAIN = "basalt drain"

Silence = dict[str, Any]


def take(members: Sequence[str], path: Path) -> None:
    """Those that have not ended, into a new file. SourceError."""
    found = [{key: one[key] for key in _WHAT} for one in _present(members) if one["createdBy"] != _DRAIN]
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    check(path)


def check(path: Path) -> list[Silence]:
    """All of them, each with all that it takes. SourceError."""
    try:
        found: list[Silence] = json.loads(path.read_text())
        for one in found:
            _end(one)
            if set(one) != set(_WHAT) or not one["matchers"]:
                raise SourceError(f"a silence has {', '.join(one)}")
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"these are no silences: {error}") from error
    return found


def lacking(kept: Iterable[Silence], present: Iterable[Silence], now: datetime) -> Iterator[Silence]:
    """What is kept, would still last, and is not there: nobody else mutes the same for as long."""
    lasting: dict[str, datetime] = {}
    for one in present:
        lasting[_same(one)] = max(_end(one), lasting.get(_same(one), _end(one)))
    for one in kept:
        if _end(one) > max(now, lasting.get(_same(one), now)):
            lasting[_same(one)] = _end(one)
            yield one


def give_back(members: Sequence[str], path: Path, *, dry: bool) -> list[Silence]:
    """Sets those again that are lacking; which. SourceError."""
    wanted = list(lacking(check(path), _present(members), datetime.now(UTC)))
    for one in () if dry else wanted:
        _of_any(members, lambda member, one=one: _ask(member, json.dumps(one).encode()))  # type: ignore[misc]
    return wanted


def _present(members: Sequence[str]) -> list[Silence]:
    found = json.loads(_of_any(members, _ask))
    return [one for one in found if one["status"]["state"] != "expired"]


def _of_any(members: Sequence[str], ask: Callable[[str], bytes]) -> bytes:
    refused: list[str] = []
    for member in members:
        try:
            return ask(member)
        except (OSError, ValueError) as error:
            refused.append(f"{member}: {error}")
    raise SourceError(f"no Alertmanager answers: {'; '.join(refused)}")


def _ask(member: str, posted: bytes | None = None) -> bytes:
    request = urllib.request.Request(
        f"https://{member}/api/v2/silences", data=posted, headers={"Content-Type": "application/json"}
    )
    context = ssl.create_default_context(cafile=_AUTHORITY)
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE, context=context) as answer:  # noqa: S310  https alone
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise ValueError(f"{error.code} {error.read(200).decode(errors='replace')}") from error


def _end(silence: Silence) -> datetime:
    return datetime.fromisoformat(silence["endsAt"])


def _same(silence: Silence) -> str:
    """What it mutes."""
    return json.dumps(sorted(json.dumps(matcher, sort_keys=True) for matcher in silence["matchers"]))
