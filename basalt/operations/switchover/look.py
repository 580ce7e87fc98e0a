"""What the members of a stack's cluster say of it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from basalt.operations.switchover.hands import Hand, HandError
from basalt.operations.switchover.view import View, view
from basalt.site import Instance, Site

_ANSWER = 15.0  # seconds


def look(site: Site) -> View:
    """From every member that answers; HandError when none does."""
    members = site.of("postgres")
    if not members:
        raise HandError(f"stack {site.topology.name} has no postgres")
    with ThreadPoolExecutor(len(members)) as pool:
        answers = list(pool.map(lambda member: _ask(site, member), members))
    told = {member.name: one for member, one in zip(members, answers, strict=True) if isinstance(one, dict)}
    if not told:
        raise HandError(f"no member of the database answers: {answers[0]}; is the stack up? basalt status")
    (cluster, *_) = [one["cluster"] for one in told.values()]
    transactions = {name: one["transactions"] for name, one in told.items()}
    # A container that an `up` has not replaced yet may not tell.
    waiting = {name: one["waiting"] for name, one in told.items() if "waiting" in one}
    return view(cluster, transactions, waiting)


def _ask(site: Site, member: Instance) -> dict[str, Any] | HandError:
    hand = Hand(site, member, "postgres-switch", "look")
    try:
        return hand.event("seen", seconds=_ANSWER)
    except HandError as error:
        return error
    finally:
        hand.close()
        hand.wait(1)
