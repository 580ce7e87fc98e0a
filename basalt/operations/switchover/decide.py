"""Whether a switchover may be, and to whom. Pure: nothing has been touched when it is refused."""

from dataclasses import dataclass

from basalt.operations.switchover.view import Member, View

#: Bytes that a candidate may be behind: it catches up while writes stand still, and all of them wait for it.
LAG = 16 * 1024 * 1024


class RefusedError(Exception):
    """Why nothing was changed, and the remedy."""


@dataclass(frozen=True, slots=True)
class Choice:
    """From whom to whom."""

    leader: str
    candidate: str


def choose(
    view: View, wanted: str | None, wait: float, *, synchronous: bool, spared: frozenset[str] = frozenset()
) -> Choice:
    """RefusedError unless all is as it must be. `wait`: seconds that a transaction may be open; `synchronous`: whether
    the stack promises to lose nothing, so that only who has every commit may take over; `spared`: who may not, for it
    is about to leave."""
    leader = view.leader
    if leader is None:
        raise RefusedError(f"nobody leads ({view}); a planned switchover needs a leader that hands over")
    if view.paused:
        raise RefusedError("Patroni is paused; resume it first: patronictl resume")
    if view.scheduled:
        raise RefusedError(f"a switchover is scheduled ({view.scheduled}); take it back: patronictl flush switchover")
    candidate = _candidate(view, leader, wanted, synchronous=synchronous, spared=spared)
    held_up = [str(one) for one in view.transactions if one.seconds > wait]
    if held_up:
        remedy = "wait for them, end them (pg_terminate_backend), or allow more with --wait"
        raise RefusedError(f"transactions are open for longer than {wait:g} s: {'; '.join(held_up)}; {remedy}")
    return Choice(leader.name, candidate.name)


def _candidate(view: View, leader: Member, wanted: str | None, *, synchronous: bool, spared: frozenset[str]) -> Member:
    unfit = {member.name: _unfit(member, leader, synchronous=synchronous) for member in view.members}
    unfit |= dict.fromkeys(spared - {leader.name}, "is about to leave")
    fit = [member for member in view.members if unfit[member.name] is None]
    if wanted is None:
        if not fit:
            told = "; ".join(f"{m.name} {unfit[m.name]}" for m in view.members if not m.leads)
            raise RefusedError(f"nobody can take over: {told or 'there is no other member'}; see patronictl list")
        return min(fit, key=lambda member: (member.lag or 0, member.name))
    member = view.member(wanted)
    if member is None:
        raise RefusedError(f"there is no member {wanted}; there are {', '.join(m.name for m in view.members)}")
    if member.leads:
        raise RefusedError(f"{wanted} leads already; name another with --to, or none")
    if member not in fit:
        remedy = f"{fit[0].name} can" if fit else "wait until it can"
        raise RefusedError(f"{wanted} cannot take over: it {unfit[wanted]}; {remedy}")
    return member


def _unfit(member: Member, leader: Member, *, synchronous: bool) -> str | None:
    """Why a member cannot take over; None when it can."""
    if member.leads:
        return "leads"
    if member.state != "streaming":
        return f"is {member.state}, not streaming"
    if member.timeline != leader.timeline:
        return f"is on timeline {member.timeline}, the leader on {leader.timeline}"
    if synchronous and not member.synchronous:
        return "is not synchronous, so it may lack commits"
    if member.lag is None or member.lag > LAG:
        return f"is {'an unknown number of' if member.lag is None else member.lag} bytes behind, {LAG} are allowed"
    return None
