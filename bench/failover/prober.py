"""Write probes on every member, each 50 ms, past every proxy: who takes writes, and whether two ever did at once.

A probe commits on its member alone (`synchronous_commit = local`): it sees a primary that is cut off or was forgotten
also where its commits would wait for a replica for ever."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Any

import psycopg

_EVERY = 0.05
_UPDATE = """INSERT INTO bench_probe (member, seq) VALUES (%s, 1)
    ON CONFLICT (member) DO UPDATE SET seq = bench_probe.seq + 1"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A write that a member took; seconds of the monotonic clock."""

    member: str
    sent: float
    answered: float


class Prober:
    """One thread for each member."""

    def __init__(self, links: dict[str, dict[str, Any]]) -> None:
        self._stop = threading.Event()
        self.taken: list[Taken] = []
        self._threads = [threading.Thread(target=self._probe, args=pair, daemon=True) for pair in links.items()]

    def __enter__(self) -> "Prober":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(3)

    def _probe(self, member: str, link: dict[str, Any]) -> None:
        connection: psycopg.Connection[tuple[Any, ...]] | None = None
        while not self._stop.wait(_EVERY):
            sent = time.monotonic()
            try:
                if connection is None or connection.closed:
                    # What does not answer within 2 s is no primary; the kernel would wait for it much longer.
                    wait = {"connect_timeout": 2, "tcp_user_timeout": 2000, "options": "-c synchronous_commit=local"}
                    connection = psycopg.connect(autocommit=True, **{**link, **wait})
                connection.execute(_UPDATE, [member])
            except psycopg.Error as error:
                if connection is not None and error.sqlstate is None:
                    connection.close()
                continue
            self.taken.append(Taken(member, sent, time.monotonic()))
        if connection is not None:
            connection.close()


def overlaps(taken: Iterable[Taken]) -> int:
    """Writes that a member took while another reigned: sent after one of the other's was answered, answered before
    another of the other's was sent."""
    by: dict[str, list[Taken]] = {}
    for one in taken:
        by.setdefault(one.member, []).append(one)
    found = 0
    for member, own in by.items():
        for other, theirs in by.items():
            if other != member:
                found += sum(_amid(one, theirs) for one in own)
    return found


def _amid(one: Taken, theirs: list[Taken]) -> bool:
    """Whether `one` lies between two neighbouring writes of another that are close together: a reign has no gap of
    seconds, and who leads, fails and leads again has one."""
    return any(
        before.answered < one.sent and one.answered < after.sent and after.sent - before.answered < 1.0
        for before, after in pairwise(theirs)
    )
