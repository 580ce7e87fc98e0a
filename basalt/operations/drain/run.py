"""`basalt drain`: nothing of the stack runs on a host any more, and nobody misses it.

The database is handed over first, without a statement that fails; then a master of Redis. Then all that the host
carries is stopped, a tier at a time: who is served by others goes first. It may be said again, whatever was done of it
before."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from docker.models.containers import Container

from basalt.operations import local_state, objects
from basalt.operations.drain import silence
from basalt.operations.drain.decide import Leave, carried, leave, members_stay
from basalt.operations.drain.hands import LIVES, DrainError, containers, each
from basalt.operations.drain.names import can_be_led, lead_past
from basalt.operations.drain.succeed import succeed
from basalt.operations.status import sick
from basalt.operations.switchover import run as planned
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.view import View
from basalt.plan import survey
from basalt.site import Instance, Site
from basalt.topology.model import Topology

Say = Callable[[str], None]

#: Seconds beyond what an instance may take to stop.
_KILLED = 15


@dataclass(frozen=True, slots=True)
class Drained:
    """`stopped`: instances that ran. `leader`, `master`: who took the database over, and who Redis; None where nobody
    had to. `away`: what nobody does until the host is back; `silent`: until when nobody is called because of it."""

    host: str
    stopped: tuple[str, ...]
    leader: str | None
    master: str | None
    away: tuple[str, ...]
    silent: str | None
    seconds: float


def prepare(topology: Topology, host: str, *, outage: bool) -> Leave:
    """What would be done; nothing where nothing of the stack is there yet. Changes nothing. RefusedError, BusyError,
    EngineError."""
    site = survey(topology)
    groups = carried(site, host)
    local_state.locked(topology.name)
    if not objects.find(topology).containers:
        return Leave(host, (), ())
    found = leave(site, host, sick(site), outage=outage)
    members = {one.name for one in site.of("postgres")}
    going = frozenset(members & {one.name for group in groups for one in group})
    if going and going != members:
        members_stay(_look(site), going)
    can_be_led(site, host)
    return found


def drain(topology: Topology, host: str, wait: float, minutes: float, say: Say, *, outage: bool) -> Drained:
    """`wait`: seconds that a transaction may be open; `minutes`: for which alerts about the host are not told;
    `outage`: as `leave` takes it. RefusedError when nothing was changed; DrainError, SwitchError when something was."""
    started, site = time.monotonic(), survey(topology)
    leaving = prepare(topology, host, outage=outage)
    living = {name: one for name, one in containers(site, host).items() if one.status in LIVES}
    going = [name for name in leaving.names if name in living]
    away = leaving.away if going else ()
    for line in away:
        say(f"{line}: until it is back, nobody does it")
    leader = _hand_over(site, living, wait, say)
    if going:
        # It took a while: somebody else may have emptied another host meanwhile.
        prepare(topology, host, outage=outage)
    lead_past(site, host, wait)
    master = succeed(site, host)
    if master:
        say(f"{master} is the master of Redis")
    silent = _hush(site, host, minutes, say) if leaving.groups else None
    for group in leaving.groups:
        if stopping := [one for one in group if one.name in living]:
            say(f"{', '.join(one.name for one in stopping)}: stopped")
            _stop(stopping, living, host)
    return Drained(host, tuple(going), leader, master, away, silent, round(time.monotonic() - started, 1))


def _hush(site: Site, host: str, minutes: float, say: Say) -> str | None:
    """That somebody may be called for nothing does not stop a drain."""
    if not minutes:
        return None
    try:
        until = silence.begin(site, host, timedelta(minutes=minutes))
    except silence.SilenceError as error:
        say(f"alerts about {host} are told as ever: {error}")
        return None
    if until is None:
        return None
    say(f"alerts about {host} are silenced until {until:%Y-%m-%d %H:%M} UTC")
    return until.isoformat(timespec="seconds")


def _hand_over(site: Site, living: Mapping[str, Container], wait: float, say: Say) -> str | None:
    """The database's leader, if it is on the host, hands over to a member that stays. RefusedError, SwitchError."""
    members = {one.name for one in site.of("postgres")}
    going = frozenset(members & set(living))
    if not going or going == members:
        return None
    leader = _look(site).leader
    if leader is None or leader.name not in going:
        return None
    report = planned.switchover(site.topology, None, wait, say, going)
    if report.whole is None:
        raise DrainError(f"{report.former} does not follow {report.leader}; see patronictl list, then drain again")
    return report.leader


def _look(site: Site) -> View:
    try:
        return look(site)
    except HandError as error:
        raise RefusedError(str(error)) from error


def _stop(stopping: list[Instance], living: Mapping[str, Container], host: str) -> None:
    seconds = {one.name: one.workload.stop.seconds + _KILLED for one in stopping}
    otherwise = f"say it again, or take it back: basalt undrain {host}"
    each(seconds, lambda name: living[name].stop(timeout=seconds[name]), otherwise)
