"""The fencer beside one member: holds its first process, and acts as `decisions` say."""

import asyncio
import contextlib
import time

from fencer.config import Config
from fencer.decisions import Delete, Kill, Lock, Nothing, Seen, on_death, on_second_look, on_suspicion, quorum
from fencer.processes import Finder, First
from fencer.store import Store, StoreError
from fencer.tell import Figures, say
from fencer.witness import Witness

#: Seconds: between two looks for the member's container, between two reads of etcd, between two reads while it suspects
#: its own member; for how long it waits for the proof, and tries to give a dead one's lock away.
_LOOK, _READ, _HASTE, _PROOF, _PERSIST = 0.25, 1.0, 0.15, 20.0, 40.0


class Guard:
    """Runs until it is cancelled."""

    def __init__(self, config: Config, store: Store, witness: Witness, figures: Figures) -> None:
        self._config, self._store, self._witness, self._figures = config, store, witness, figures
        self._finder = Finder(config.address)
        self._remembered: Seen | None = None
        self._first: First | None = None

    async def read(self) -> None:
        """Keeps what etcd says; a read that began before the member's death and ended after it is not kept."""
        while True:
            first = self._first
            with contextlib.suppress(StoreError):
                seen = await self._seen(serializable=True)
                if first and first is self._first and not first.ended:
                    self._remembered = seen
                if seen.lock:
                    self._witness.turn_to(seen.lock)
            await asyncio.sleep(_READ)

    async def watch(self) -> None:
        """Finds the member, waits for its end, sees to its lock; for ever."""
        while True:
            first = await asyncio.to_thread(self._finder.find)
            if first is None:
                await asyncio.sleep(_LOOK)
                continue
            self._first, self._remembered, self._figures.holds = first, None, True
            say("info", f"{self._config.own} is process {first.pid}")
            try:
                await self._until_end(first)
            finally:
                self._first, self._figures.holds = None, False
                first.close()

    @property
    def _suspected(self) -> bool:
        lock = self._witness.suspected
        return lock is not None and lock.holder == self._config.own

    async def _until_end(self, first: First) -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(first.descriptor, ended.set)
        try:
            lock: Lock | None = None
            while not ended.is_set() and lock is None:
                if self._suspected:
                    lock = await self._hung(first, ended)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _HASTE)
        finally:
            loop.remove_reader(first.descriptor)
        if first.ended:
            await self._died(lock)

    async def _hung(self, first: First, ended: asyncio.Event) -> Lock | None:
        """Kills it if it may; its lock, when it was killed."""
        try:
            seen = await self._seen()
        except StoreError:
            return None
        verdict = on_suspicion(self._config.own, quorum(self._config.witnesses), seen)
        # The read took time: a member that answered meanwhile is not hung.
        if not isinstance(verdict, Kill) or self._witness.suspected != verdict.lock:
            return None
        say("warning", f"{self._config.own} hangs: killed", revision=verdict.lock.revision)
        try:
            first.kill()
        except ProcessLookupError:
            return None  # it has ended by itself, and perhaps before etcd was read
        except OSError as error:
            self._figures.fenced("hung", "refused")
            say("error", f"{self._config.own} cannot be killed: {error}")
            await asyncio.sleep(_READ)
            return None
        try:
            await asyncio.wait_for(ended.wait(), _PROOF)
        except TimeoutError:
            # A process that waits for a disk cannot be ended, and may write when the disk comes back.
            self._figures.fenced("hung", "unproven")
            say("error", f"{self._config.own} was killed and has not ended: its lock is left to time out")
            await ended.wait()
        return verdict.lock

    async def _died(self, lock: Lock | None) -> None:
        """`lock`: of one that was killed, read while it lived."""
        cause, since = ("hung" if lock else "died"), time.monotonic()
        remembered = self._remembered
        verdict = Delete(lock) if lock else on_death(self._config.own, remembered)
        while time.monotonic() - since < _PERSIST:
            try:
                if isinstance(verdict, Delete) and await self._delete(verdict.lock):
                    self._figures.fenced(cause, "done")
                    self._figures.last_fence = time.monotonic() - since
                    say("warning", f"{self._config.own} is dead: its lock is deleted", seconds=time.monotonic() - since)
                    return
                verdict = await self._second_look()
                if isinstance(verdict, Nothing):
                    say("info", f"{self._config.own} ended, nothing to do: {verdict.reason}")
                    return
            except StoreError:
                await asyncio.sleep(_HASTE)
        self._figures.fenced(cause, "refused")
        say("error", f"{self._config.own} ended and etcd does not answer: its lock is left to time out")

    async def _second_look(self) -> Delete | Nothing:
        """The order is what makes it safe: first the lock, then whether a successor could have written it."""
        fresh = await self._seen()
        present = await asyncio.to_thread(self._finder.present)
        return on_second_look(self._config.own, fresh, successor=present)

    async def _delete(self, lock: Lock) -> bool:
        try:
            return await asyncio.to_thread(self._store.delete, lock)
        except StoreError:
            self._figures.store_errors += 1
            raise

    async def _seen(self, *, serializable: bool = False) -> Seen:
        try:
            seen = await asyncio.to_thread(self._store.look, serializable=serializable)
        except StoreError:
            self._figures.store_errors += 1
            raise
        self._figures.read_at = time.monotonic()
        return seen
