"""`basalt undrain`: a host carries again what is its own, and the next one may be emptied.

It may be said at any time: what runs is only waited for."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from docker.models.containers import Container

from basalt.operations import local_state
from basalt.operations.drain import silence
from basalt.operations.drain.decide import carried
from basalt.operations.drain.hands import FAULTS, RUNS, DrainError, containers, each
from basalt.operations.drain.names import lead_back
from basalt.operations.drain.succeed import not_following
from basalt.operations.status import sick
from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.look import look
from basalt.plan import survey
from basalt.site import Instance, Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.waiting import GateError, wait_healthy
from basalt.topology.model import Topology

Say = Callable[[str], None]

_POLL = 1.0
#: Seconds, for a tier of the host and for the stack: a member may have to copy all that it holds.
_PATIENCE = 1800.0


@dataclass(frozen=True, slots=True)
class Filled:
    """`started`: instances that did not run."""

    host: str
    started: tuple[str, ...]
    seconds: float


def undrain(topology: Topology, host: str, say: Say) -> Filled:
    """Starts what does not run, and waits until all of the stack is well. RefusedError, BusyError, EngineError when
    nothing was changed; DrainError."""
    began, site = time.monotonic(), survey(topology)
    tiers = carried(site, host)
    local_state.locked(topology.name)
    there = containers(site, host)
    started: list[str] = []
    for tier in reversed(tiers):
        here = [one for one in tier if one.name in there]
        started += _start(here, there, host, say)
        _wait(site, host, here)
    if there:
        _whole(site, say)
        lead_back(site, host)
        _speak(site, host, say)
    return Filled(host, tuple(started), round(time.monotonic() - began, 1))


def _speak(site: Site, host: str, say: Say) -> None:
    try:
        silence.end(site, host)
    except silence.SilenceError as error:
        say(f"alerts about {host} stay silenced until that ends by itself, or end it in Alertmanager: {error}")


def _start(here: list[Instance], there: Mapping[str, Container], host: str, say: Say) -> list[str]:
    coming = [one.name for one in here if there[one.name].status != RUNS]
    if coming:
        say(f"{', '.join(coming)}: started")
        each(coming, lambda name: there[name].start(), f"mend that, then: basalt undrain {host}")
    return coming


def _wait(site: Site, host: str, here: list[Instance]) -> None:
    names = [container_name(site, one) for one in here]
    try:
        wait_healthy(describe(site.topology.hosts[host]), names, _PATIENCE, started=True)
    except GateError as error:
        raise DrainError(str(error)) from error


def _whole(site: Site, say: Say) -> None:
    """Until all of the stack is well, and every member of the database and of Redis follows. DrainError says what is
    not."""
    deadline, said = time.monotonic() + _PATIENCE, ""
    while told := _missing(site):
        if time.monotonic() > deadline:
            raise DrainError(f"after {_PATIENCE:.0f} s {told}; see basalt status")
        if told != said:
            say(f"waiting: {told}")
            said = told
        time.sleep(_POLL)


def _missing(site: Site) -> str:
    """What is not well yet, in a sentence; "" when all is. Who does not answer now may do so later."""
    try:
        if found := sick(site):
            return "; ".join(f"{name} is {state}" for name, state in found.items())
        if site.of("postgres") and not (seen := look(site)).whole:
            return f"not every member follows the leader ({seen})"
        if behind := not_following(site):
            return f"{', '.join(behind)} do not follow a master of Redis"
    except (HandError, *FAULTS) as error:
        return str(error)
    return ""
