"""A witness of the member that leads: asks it, and tells the other fencers when it suspects it."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Awaitable, Callable

from fencer import probes
from fencer.config import Config, Member
from fencer.decisions import Lock
from fencer.store import LEASE, Store, StoreError
from fencer.tell import Figures, say
from fencer.watch import LONGEST, Watch

#: At most so many questions of a kind wait for an answer.
_WAITING = 16


class Witness:
    """Watches one member at a time. All methods are called from one event loop."""

    def __init__(self, config: Config, store: Store, figures: Figures, tls: ssl.SSLContext) -> None:
        self._config, self._store, self._figures, self._tls = config, store, figures, tls
        # /etc/hosts, which does not change while the container lives.
        self._addresses = {m.name: socket.gethostbyname(m.host) for m in config.members.values()}
        self._lock: Lock | None = None
        self._member: Member | None = None
        self._watch = Watch(config.window, time.monotonic())
        self._tasks: set[asyncio.Task[None]] = set()
        self._lease, self._told_at = "", 0.0
        self._telling: asyncio.Task[None] | None = None

    @property
    def suspected(self) -> Lock | None:
        """The lock whose holder it suspects."""
        return self._lock if self._member and self._watch.suspected(time.monotonic()) else None

    def turn_to(self, lock: Lock) -> None:
        """Watches whoever leads now; one that was elected again has a new window. While nobody leads, the last."""
        if lock != self._lock and lock.holder in self._config.members:
            self._lock, self._member = lock, self._config.members[lock.holder]
            self._watch = Watch(self._config.window, time.monotonic())

    def tick(self) -> None:
        """Asks where it is time to; tells what is suspected, and takes it back."""
        now = time.monotonic()
        if self._watch.tick(now):
            self._figures.absences += 1
        if self._member is None:
            return
        self._ask_all(self._member, now)
        self._tell(now)

    def _ask_all(self, member: Member, now: float) -> None:
        address = self._addresses[member.name]
        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "sql": lambda: probes.sql(address, member.sql),
            "rest": lambda: probes.rest(address, member.rest, member.host, self._tls),
        }
        for kind, question in kinds.items():
            pulse = self._watch.pulses[kind]
            if pulse.due(now) and pulse.waiting < _WAITING:
                pulse.asked = now
                pulse.waiting += 1
                self._start(self._ask(self._watch, kind, question))
        if self._watch.unexplained(now):
            self._watch.explaining = True
            self._start(self._explain(self._watch, address, member))

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, watch: Watch, kind: str, question: Callable[[], Awaitable[None]]) -> None:
        started, pulse = time.monotonic(), watch.pulses[kind]
        try:
            await asyncio.wait_for(question(), LONGEST)
        except ConnectionRefusedError:
            pulse.refused += 1
        except OSError:  # TimeoutError and ssl.SSLError are OSErrors
            pulse.refused = 0
        else:
            pulse.answered(time.monotonic(), time.monotonic() - started)
        finally:
            pulse.waiting -= 1

    async def _explain(self, watch: Watch, address: str, member: Member) -> None:
        """A PostgreSQL that is restarted on purpose is silent too."""
        answer = probes.planned(address, member.rest, member.host, self._tls)
        try:
            planned = await asyncio.wait_for(answer, self._config.window)
            watch.explained(time.monotonic(), planned=planned)
        except (OSError, ValueError, KeyError):
            pass
        finally:
            watch.explaining = False

    def _tell(self, now: float) -> None:
        if self._telling and not self._telling.done():
            return
        suspected = self.suspected
        if suspected and now - self._told_at > LEASE / 2:
            if not self._lease:
                self._figures.suspicions += 1
                say("warning", f"{suspected.holder} does not answer", silent=self._watch.silence(now))
            self._told_at = now
            self._telling = asyncio.ensure_future(self._put(suspected))
        elif not suspected and self._lease:
            say("info", "it answers again")
            lease, self._lease, self._told_at = self._lease, "", 0.0
            self._telling = asyncio.ensure_future(self._take_back(lease))

    async def _put(self, lock: Lock) -> None:
        try:
            self._lease = await asyncio.to_thread(self._store.suspect, lock, self._config.witness)
        except StoreError:
            self._figures.store_errors += 1

    async def _take_back(self, lease: str) -> None:
        with contextlib.suppress(StoreError):  # it ends by itself
            await asyncio.to_thread(self._store.retract, lease)
