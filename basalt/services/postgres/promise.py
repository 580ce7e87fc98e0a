"""Promise -> timeouts: for how long nobody can write when the primary is lost, and what keeps it that short. Pure;
seconds.

A host that dies cannot say so: its lock ends `ttl` after it was last renewed, and not before. Then a replica is
elected, HAProxy's next check finds it, and PgBouncer logs in again. So

    outage <= ttl + election + check + login

Where PostgreSQL alone dies, Patroni lives and sees it within `loop_wait`; it gives the lock away, or starts PostgreSQL
again for `primary_start_timeout` at most.

Sources: Patroni's docs/dynamic_configuration.rst (least values, and `loop_wait + 2 * retry_timeout <= ttl`, which it
would else bend with no more than a warning); replicas watch the lock, so an election begins when it ends."""

from dataclasses import dataclass

from basalt.topology.model import Promise

#: Patroni's least and default `ttl`; its default for the other two. A longer lock only bears more jitter.
_LEAST_TTL, _LONGEST_TTL, _LONGEST_WAIT = 20, 30, 10

_ALONE = 300

#: Milliseconds between two of HAProxy's checks of a member that is not the primary; and seconds with its answer.
INTERVAL, _CHECK = 500, 1
#: Seconds until PgBouncer tries again to log in, and until it gives up an address that does not answer. It tries only
#: while clients wait, and what answers without a primary is HAProxy, at once: a quarter of a second costs nothing.
RETRY, CONNECT = 0.25, 2
#: From the end of the lock to a primary that takes writes: seen 0.3 to 0.6 s on idle hosts.
_ELECTION = 2
_AFTER = _ELECTION + _CHECK + CONNECT

#: The shortest outage that can be promised.
SHORTEST = _LEAST_TTL + _AFTER


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Patroni's, under its own names."""

    ttl: int
    loop_wait: int
    retry_timeout: int
    primary_start_timeout: int

    @property
    def outage(self) -> int:
        """At most, when a host dies."""
        return self.ttl + _AFTER


def solve(promise: Promise, members: int) -> Timeouts:
    """The timeouts that keep a promise, with the longest lock among them: every lock that is lost to jitter is a
    failover for nothing. ValueError, with the remedy, where no timeouts do."""
    if promise.write_outage_seconds < SHORTEST:
        raise ValueError(
            f"a dead host keeps its lock for {_LEAST_TTL} s (Patroni's least ttl), and {_AFTER} s more may pass until "
            f"clients write again; promise {SHORTEST} or more"
        )
    ttl = min(_LONGEST_TTL, promise.write_outage_seconds - _AFTER)
    loop_wait = min(_LONGEST_WAIT, ttl // 3)
    return Timeouts(ttl, loop_wait, (ttl - loop_wait) // 2, _start(promise, members, loop_wait))


def _start(promise: Promise, members: int, loop_wait: int) -> int:
    """For how long a crashed PostgreSQL may recover in its place. Where a replica has every commit it takes over at
    once; where it may lack some, they are worth what the promise leaves of time. Alone, it has Patroni's default."""
    if members == 1:
        return _ALONE
    return 0 if promise.loss == "none" else max(0, promise.write_outage_seconds - loop_wait - _AFTER)


def told(promise: Promise, members: int, *, fenced: bool = False) -> str:
    """For `basalt plan`: what is promised, and out of what it adds up. `fenced`: the lock of a member that is proven
    dead does not last; a host that dies takes the proof with it, so the promise stays what it is."""
    if members == 1:
        return "one member: nobody takes over when its host dies"
    found = solve(promise, members)
    sums = f"lock {found.ttl} + election {_ELECTION} + check {_CHECK} + login {CONNECT}"
    promised = f"promised are {promise.write_outage_seconds}"
    sooner = "; a primary that crashes, is killed or hangs is fenced in seconds" if fenced else ""
    return f"when a host dies, nobody writes for at most {found.outage} s ({sums}); {promised}{sooner}"
