"""What leaves a host, in which order, and whether it may. Pure: nothing has been touched when it is refused."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.view import View
from basalt.site import Instance, Site
from basalt.topology.model import Target
from basalt.workload import Tier, Workload

#: Their users can wait: nothing is served by them.
_CAN_WAIT = (Tier.BACKUP, Tier.WATCH)


@dataclass(frozen=True, slots=True)
class Leave:
    """`groups`: the instances of a host, in the order in which they stop, a group at a time. `away`: what nobody does
    until the host is back, in sentences."""

    host: str
    groups: tuple[tuple[Instance, ...], ...]
    away: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all instances, in their order."""
        return tuple(instance.name for group in self.groups for instance in group)


def carried(site: Site, host: str) -> tuple[tuple[Instance, ...], ...]:
    """What lasts on a host, a tier at a time, who is served by others first. RefusedError where there is no such
    host."""
    topology = site.topology
    if topology.target is not Target.DOCKER:
        raise RefusedError(f"stack {topology.name} is on {topology.target}; its nodes are drained by kubectl drain")
    if host not in topology.hosts:
        raise RefusedError(f"stack {topology.name} has no host {host}; there are: {', '.join(topology.hosts)}")
    here = [one for one in site.instances if one.host == host and not one.workload.task]
    tiers = [tuple(one for one in here if one.workload.tier is tier) for tier in reversed(Tier)]
    return tuple(group for group in tiers if group)


def _served_first(tier: tuple[Instance, ...]) -> Iterator[tuple[Instance, ...]]:
    """PgBouncer lets its transactions end while HAProxy is still there. Those that use each other go together."""
    while tier:
        used = {use.workload for one in tier for use in one.workload.uses if use.workload != one.workload.name}
        group = tuple(one for one in tier if one.workload.name not in used) or tier
        yield group
        tier = tuple(one for one in tier if one not in group)


def leave(site: Site, host: str, sick: Mapping[str, str], *, outage: bool) -> Leave:
    """RefusedError unless whoever stays can do it all. `sick`: instances that are not well, with what they are;
    `outage`: whether somebody has agreed that what the host alone does is not done meanwhile."""
    groups = tuple(group for tier in carried(site, host) for group in _served_first(tier))
    leaving = {one.name for group in groups for one in group}
    if staying := {name: state for name, state in sick.items() if name not in leaving}:
        told = "; ".join(f"{name} is {state}" for name, state in sorted(staying.items()))
        raise RefusedError(f"of those that would stay, some are not well: {told}; repair them, see basalt status")
    workloads = {one.workload.name: one.workload for group in groups for one in group}
    missed = {name: why for name, workload in workloads.items() if (why := _missed(site, host, workload))}
    served = [why for name, why in missed.items() if workloads[name].tier not in _CAN_WAIT]
    if served and not outage:
        remedy = "declare another instance on another host, or agree to the outage with --outage"
        raise RefusedError(f"{'; '.join(served)}; {remedy}")
    return Leave(host, groups, tuple(missed.values()))


def _missed(site: Site, host: str, workload: Workload) -> str | None:
    """What cannot be done without the host; None where others do it. What is on every host serves its own host only."""
    everybody = site.of(workload.name)
    staying = [one for one in everybody if one.host != host]
    if workload.every_host or workload.beside or len(staying) >= workload.needed:
        return None
    if not staying:
        return f"{workload.name} is on {host} alone"
    return f"of {workload.name} {len(staying)} of {len(everybody)} stay, and {workload.needed} are needed"


def members_stay(view: View, going: frozenset[str]) -> None:
    """RefusedError unless those of the database's members that stay are its leader or follow it: else the last copy
    would leave, or a member in the midst of an election."""
    leader = view.leader
    if leader is None:
        raise RefusedError(f"nobody leads the database ({view}); wait until Patroni has elected, see patronictl list")
    behind = [
        member.name
        for member in view.members
        if member.name not in going
        and not member.leads
        and (member.state != "streaming" or member.timeline != leader.timeline)
    ]
    if behind:
        raise RefusedError(f"{', '.join(behind)} would stay and does not follow {leader.name} ({view}); wait for it")
