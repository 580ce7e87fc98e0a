"""A cluster as its members tell it. Data only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

#: Parameters that wait for a restart: name -> `old_value` and `new_value`.
Changes = dict[str, dict[str, str]]

#: States of a member that can do its part (Patroni's utils.py, cluster_as_json).
_WELL = ("running", "streaming")
_SYNC = ("sync_standby", "quorum_standby")
#: A replica runs with no less of these than its primary did when it wrote the log (manual, 26.4.1).
_NO_LESS = (
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
)


@dataclass(frozen=True, slots=True)
class Member:
    """`lag` in bytes; None where Patroni does not know it. `lowered`: it waits for a restart with less of what replicas
    may not have less of than their primary, and with more of nothing."""

    name: str
    role: str
    state: str
    timeline: int
    lag: int | None
    pending_restart: bool = False
    lowered: bool = False

    @property
    def leads(self) -> bool:
        """Whether it holds the lock."""
        return self.role == "leader"

    @property
    def synchronous(self) -> bool:
        """Whether it has every acknowledged commit."""
        return self.role in _SYNC

    @property
    def well(self) -> bool:
        """Running, and if it follows, without a gap."""
        return self.state in _WELL


@dataclass(frozen=True, slots=True)
class Transaction:
    """One that is open in a member, and for how many seconds."""

    member: str
    pid: int
    user: str
    application: str
    state: str
    seconds: float

    def __str__(self) -> str:
        who = f"{self.user} ({self.application})" if self.application else self.user
        return f"pid {self.pid} of {who} on {self.member}, {self.state}, open for {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class View:
    """The whole cluster at a moment."""

    members: tuple[Member, ...]
    paused: bool
    scheduled: str
    transactions: tuple[Transaction, ...]

    @property
    def leader(self) -> Member | None:
        """Who takes writes."""
        return next((member for member in self.members if member.leads and member.well), None)

    def member(self, name: str) -> Member | None:
        """By name."""
        return next((member for member in self.members if member.name == name), None)

    @property
    def whole(self) -> bool:
        """One leads, and all others follow it on its timeline."""
        leader = self.leader
        return leader is not None and all(
            member.leads or (member.state == "streaming" and member.timeline == leader.timeline)
            for member in self.members
        )

    def __str__(self) -> str:
        told = ", ".join(f"{member.name} {member.role} {member.state}" for member in self.members)
        return told or "no member is known"


def view(
    cluster: dict[str, Any],
    transactions: dict[str, Iterable[dict[str, Any]]],
    waiting: dict[str, Changes] | None = None,
) -> View:
    """From Patroni's `GET /cluster`, the open transactions of each member, and what waits for its restart. The cluster
    knows that too, but only from Patroni's next look on: a member that answers is believed."""
    own = waiting or {}
    scheduled = cluster.get("scheduled_switchover") or {}
    return View(
        members=tuple(_member(one, own.get(one["name"])) for one in cluster["members"]),
        paused=bool(cluster.get("pause")),
        scheduled=f"{scheduled.get('from', '?')} to {scheduled.get('to', 'any')} at {scheduled.get('at')}"
        if scheduled
        else "",
        transactions=tuple(_transaction(name, one) for name, found in transactions.items() for one in found),
    )


def _member(told: dict[str, Any], waiting: Changes | None) -> Member:
    lag = told.get("lag", 0)
    reason = told.get("pending_restart_reason", {}) if waiting is None else waiting
    return Member(
        name=told["name"],
        role=told["role"],
        state=told.get("state", "unknown"),
        timeline=int(told.get("timeline", 0)),
        lag=lag if isinstance(lag, int) else None,
        pending_restart=bool(told.get("pending_restart") if waiting is None else waiting),
        lowered=_lowered(reason),
    )


def _lowered(reason: Changes) -> bool:
    changes = [int(reason[name]["new_value"]) - int(reason[name]["old_value"]) for name in _NO_LESS if name in reason]
    return bool(changes) and max(changes) < 0


def _transaction(member: str, told: dict[str, Any]) -> Transaction:
    return Transaction(
        member=member,
        pid=int(told["pid"]),
        user=told.get("usename") or "?",
        application=told.get("application_name") or "",
        state=told.get("state") or "?",
        seconds=float(told["seconds"]),
    )
