"""What a fencer may do, decided from what it knows. Pure: no clock, no I/O.

One fencer stands beside each member, on its host, and holds a pidfd of the first process of the member's container.
When the first process of a pid namespace has ended, the kernel has ended all others before (pid_namespaces(7)): the
pidfd becomes readable when nothing of the member runs any more. That is the *proof of death*; nothing else is one.

    absent --found--> watching --readable------------------------------> died --> absent
                          |                                                ^
                          +--suspected by a majority, leads--> killing ----+ readable: the proof
                                                                  |
                                                                  +-- no proof in time: nothing; `ttl` decides

Three things hold in every state, half-way ones too:

1. **The lock is never deleted without proof.** It is deleted in one transaction that compares its value and revision
   with those of a lock that was read while the dead one lived, or after its death and before a successor had a network.
   What a member that was started again writes has another revision (Patroni puts the lock anew when its lease is not
   its own: dcs/etcd3.py, `_update_leader`), so the transaction does nothing. An answer that came late, a transaction
   that was sent twice and a second fencer end in the same way.
2. **Nobody is killed on one witness' word.** A majority of all fencers, the one beside the suspect among them, must
   suspect it at the moment of one linearizable read, which also says that it leads and that nobody paused Patroni.
3. **Who cannot reach etcd does nothing.** Patroni demotes the member of a host that is cut off, as without a fencer.

A fencer that is started anew knows nothing and does nothing until it has found the living member again: when it died
between the kill and the deletion, the lock ends with its `ttl`.

A host that dies as a whole takes its fencer with it, and nobody can prove its death: `ttl` decides. A power switch that
answers for a host (IPMI, a cloud's API) would be another proof; it is not built."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lock:
    """Patroni's leader key: who holds it, and etcd's revision of that word."""

    holder: str
    revision: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One read of etcd. `suspects`: the witnesses that suspect a lock's holder, since it holds this very lock: one that
    was elected again is not suspected for what was before."""

    lock: Lock | None
    paused: bool
    suspects: dict[Lock, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the lock, if it still is this one."""

    lock: Lock


@dataclass(frozen=True, slots=True)
class Kill:
    """End the member's first process; with the proof, `lock` may be deleted."""

    lock: Lock


@dataclass(frozen=True, slots=True)
class Nothing:
    """Leave everything as it is, and why."""

    reason: str


def on_suspicion(member: str, quorum: int, seen: Seen) -> Kill | Nothing:
    """The fencer beside `member` suspects it, and has read `seen` (linearizable) since."""
    if seen.lock is None or seen.lock.holder != member:
        return Nothing("it does not lead")
    if seen.paused:
        return Nothing("Patroni is paused")
    witnesses = seen.suspects.get(seen.lock, frozenset())
    if len(witnesses) < quorum:
        return Nothing(f"{len(witnesses)} of {quorum} witnesses suspect it")
    return Kill(seen.lock)


def on_death(member: str, remembered: Seen | None) -> Delete | Nothing:
    """The proof is there. `remembered` was read while the member lived."""
    if remembered is None or remembered.lock is None or remembered.lock.holder != member:
        return Nothing("it did not lead when etcd was read last")
    return _given(remembered, remembered.lock)


def on_second_look(member: str, fresh: Seen, *, successor: bool) -> Delete | Nothing:
    """The lock was not as remembered, or not remembered. `fresh` was read after the proof; `successor`: after *that*, a
    container with the member's address runs, which may have written the lock that was read."""
    if fresh.lock is None:
        return Nothing("nobody leads")
    if fresh.lock.holder != member:
        return Nothing(f"{fresh.lock.holder} leads")
    if successor:
        return Nothing("it was started again and may have taken the lock itself")
    return _given(fresh, fresh.lock)


def _given(seen: Seen, lock: Lock) -> Delete | Nothing:
    """Who paused Patroni wants no failover."""
    return Nothing("Patroni is paused") if seen.paused else Delete(lock)


def quorum(witnesses: int) -> int:
    """A majority of all that there are, whether or not they answer."""
    return witnesses // 2 + 1
