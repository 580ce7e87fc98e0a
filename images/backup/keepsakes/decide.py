"""Which keepsakes stay, by the rules of backups. Pure. Each is whole by itself: none is made of another."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from retention.decide import Backup, Policy
from retention.decide import decide as generations

from keepsakes.names import Keepsake


def decide(found: Iterable[Keepsake], policy: Policy, now: datetime) -> dict[Keepsake, tuple[str, ...]]:
    """Why each stays, kind by kind; no reason where it goes."""
    decided: dict[Keepsake, tuple[str, ...]] = {}
    for _, group in groupby(sorted(found, key=lambda one: (one.kind, one.label), reverse=True), lambda one: one.kind):
        # Two of one second are two.
        mine = {f"{one.label}-{one.mark}": one for one in group}
        made = generations([Backup(name, full=True, at=one.at) for name, one in mine.items()], policy, now)
        decided |= {mine[decision.backup.label]: decision.reasons for decision in made}
    return decided


def newest(found: Iterable[Keepsake]) -> dict[str, Keepsake]:
    """Of each kind."""
    return {one.kind: one for one in sorted(found, key=lambda one: one.label)}
