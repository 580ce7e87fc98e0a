"""What a stack file may say of alerts' ways to people."""

import difflib
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from basalt.services.alertmanager.receivers import Receiver
from basalt.services.alertmanager.silences import Silence
from basalt.topology.duration import Duration, seconds
from basalt.topology.listen import Listen, Listener
from basalt.topology.model import Name, Topology
from basalt.topology.model import Settings as Base
from basalt.topology.problem import Problem
from basalt.workload import Tier

#: The receiver that drops.
NOBODY = "nobody"

#: How long Alertmanager remembers what it has sent, at least (its default).
_RETENTION_HOURS = 120

#: `none` is for an alert that always fires: a receiver who misses it knows that no alert arrives.
Severity = Literal["critical", "warning", "info", "none"]


class Escalation(Base):
    """Told when an alert is not resolved in time."""

    receiver: Name = Field(description="one of `receivers`")
    after: Duration = Field(default="15m", description="from the first message")


class Route(Base):
    """Where alerts of a severity go."""

    receiver: Name = Field(description="one of `receivers`, or nobody")
    escalate: Escalation | None = None
    repeat_interval: Duration | None = Field(default=None, description="default: that of all routes")


def _route(written: object) -> object:
    """`chat` stands for `{receiver: chat}`."""
    return {"receiver": written} if isinstance(written, str) else written


class Settings(Base):
    """`services.alertmanager`"""

    members: int = Field(default=1, ge=1, le=3, description="each on a host of its own; they agree on who was told")
    receivers: dict[Name, Receiver] = Field(default={}, description="that of critical takes what no route names")
    routes: dict[Severity, Annotated[Route, BeforeValidator(_route)]] = Field(
        default={}, description="severity: receiver; info and none go to nobody unless routed"
    )
    group_by: tuple[str, ...] = Field(default=("alertname", "service"), description="one message for all that share")
    group_wait: Duration = Field(default="30s", description="for what follows at once")
    group_interval: Duration = Field(default="5m", description="until a message on what joined or left a group")
    repeat_interval: Duration = Field(default="4h", description="until the same message again")
    silences: tuple[Silence, ...] = Field(default=(), max_length=8)
    publish: Listen | None = Field(
        default=None, description="where its host listens; it asks nobody for a password. Default: in dev and test"
    )


def longer(one: str, other: str) -> str:
    """The longer of two durations."""
    return max(one, other, key=seconds)


def retention(settings: Settings) -> int:
    """Hours. What was sent must be remembered until it is due again, or it would be sent again at once."""
    longest = max(seconds(given) for given in _repeats(settings))
    return max(_RETENTION_HOURS, 2 * -(-longest // 3600))


def _repeats(settings: Settings) -> Iterator[str]:
    yield settings.repeat_interval
    yield from (route.repeat_interval for route in settings.routes.values() if route.repeat_interval)


def fallback(settings: Settings) -> str:
    """Who takes what no route says otherwise: who is told of what is critical, else the first receiver by name."""
    routed = settings.routes.get("critical")
    return routed.receiver if routed else min(settings.receivers, default=NOBODY)


def published(settings: Settings, topology: Topology) -> Listener | None:
    """Where the host listens, if it does."""
    if "publish" in settings.model_fields_set:
        return settings.publish
    return Listener("127.0.0.1", 9093) if topology.environment.tolerates_one_host else None


def problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    """Names that lead nowhere, secrets that are not there, members that would fall together."""
    hosts = topology.hosts_of(Tier.WATCH) or topology.hosts
    if settings.members > len(hosts):
        remedy = f"two on one host fall together, and {len(hosts)} may carry it; give more hosts the watch tier"
        yield Problem("services.alertmanager.members", settings.members, remedy)
    yield from _receiver_problems(settings, topology, given)
    yield from _route_problems(settings)
    yield from _interval_problems(settings)


def _receiver_problems(settings: Settings, topology: Topology, given: frozenset[str]) -> Iterator[Problem]:
    told = {name for _, name in _told(settings)} | {fallback(settings)}
    for name, receiver in settings.receivers.items():
        path = f"services.alertmanager.receivers.{name}"
        if name == NOBODY:
            yield Problem(path, name, "this is the receiver that drops; choose another name")
        elif name not in told:
            yield Problem(path, name, "no route leads to it; name it under routes, or remove it")
        for way, secret in receiver.secrets():
            if secret not in given:
                remedy = f"set it: pulumi config set --stack {topology.name} --secret --path 'basalt:secrets.{secret}'"
                yield Problem(f"{path}.{way}.secret", secret, remedy)


def _told(settings: Settings) -> Iterator[tuple[str, str]]:
    """(path, receiver) of everyone that a route names."""
    for severity, route in settings.routes.items():
        path = f"services.alertmanager.routes.{severity}"
        yield f"{path}.receiver", route.receiver
        if route.escalate:
            yield f"{path}.escalate.receiver", route.escalate.receiver


def _route_problems(settings: Settings) -> Iterator[Problem]:
    known = (*settings.receivers, NOBODY)
    for path, name in _told(settings):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            yield Problem(path, name, f"unknown receiver; {hint}")


def _interval_problems(settings: Settings) -> Iterator[Problem]:
    for repeat in _repeats(settings):
        if seconds(repeat) < seconds(settings.group_interval):
            remedy = f"a group is looked at every {settings.group_interval} (group_interval); write that or more"
            yield Problem("services.alertmanager.repeat_interval", repeat, remedy)
    for label in settings.group_by:
        if not re.fullmatch(r"[a-zA-Z_]\w*|\.\.\.", label):
            yield Problem("services.alertmanager.group_by", label, "no name of a label; ... stands for all labels")
