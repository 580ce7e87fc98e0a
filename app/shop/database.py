"""PostgreSQL through PgBouncer in transaction pooling: one statement a transaction, no session state.

Every statement sent through `fetch` must be safe to repeat (writes carry a key or a condition),
because after a lost connection nobody knows whether the first one was committed.
"""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from shop.errors import UnavailableError
from shop.settings import Database as DatabaseSettings
from shop.settings import Migrate, read_secret

log = logging.getLogger(__name__)

Parameters = Mapping[str, object]
Connection = psycopg.AsyncConnection[DictRow]

ANSWER_SECONDS = 2.0  # for one attempt, waiting for a connection included
RETRY_SECONDS = 3.0  # no new attempt begins later than this: a planned switchover is over by then
PAUSE_SECONDS = 0.1
RENEW_SECONDS = 5.0


def connect_options(link: DatabaseSettings | Migrate, authority: Path) -> dict[str, Any]:
    return {
        "host": ",".join(address.host for address in link.hosts),
        "port": ",".join(str(address.port) for address in link.hosts),
        "dbname": link.name,
        "user": link.user,
        "password": read_secret(link.password_file),
        "sslmode": "verify-full",
        "sslrootcert": str(authority),
        "connect_timeout": 2,
        # A peer that vanished without a word is noticed within seconds, not after the kernel's 15 minutes.
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": 3000,
    }


class Database:
    def __init__(self, name: str, link: DatabaseSettings, authority: Path) -> None:
        self.name = name
        self._renewed_at = float("-inf")

        def options() -> dict[str, Any]:
            return connect_options(link, authority) | {
                "autocommit": True,
                "row_factory": dict_row,
                # A prepared statement belongs to a server connection, which the next transaction may not get.
                "prepare_threshold": None,
                "load_balance_hosts": "random",
                # The same for all replicas: the pooler sets it anew whenever a server connection changes hands.
                "application_name": "shop",
            }

        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            kwargs=options,
            min_size=link.pool_min,
            max_size=link.pool_max,
            open=False,
            name=name,
            timeout=ANSWER_SECONDS,
            # The pool doubles its pause after each failure; giving up early keeps the pause short,
            # and the next request starts a fresh attempt.
            reconnect_timeout=3.0,
        )

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=2.0)

    def stats(self) -> dict[str, int]:
        return self._pool.get_stats()

    async def fetch(self, statement: LiteralString, parameters: Parameters | None = None) -> list[DictRow]:
        last_start = monotonic() + RETRY_SECONDS
        while True:
            try:
                return await self._attempt(statement, parameters)
            except (
                TimeoutError,
                psycopg.OperationalError,
                # A demoted primary answers reads and refuses writes until the pooler has noticed.
                psycopg.errors.ReadOnlySqlTransaction,
            ) as error:
                if monotonic() > last_start:
                    log.warning("%s does not answer: %r", self.name, error)
                    raise UnavailableError(self.name, repr(error)) from error
            await asyncio.sleep(PAUSE_SECONDS)

    async def one(self, statement: LiteralString, parameters: Parameters | None = None) -> DictRow | None:
        rows = await self.fetch(statement, parameters)
        return rows[0] if rows else None

    async def answers(self, statement: LiteralString, parameters: Parameters) -> DictRow | None:
        """A single attempt, for probes that have their own time limit."""
        rows = await self._attempt(statement, parameters)
        return rows[0] if rows else None

    async def _attempt(self, statement: LiteralString, parameters: Parameters | None) -> list[DictRow]:
        # The inner limit cancels the query, which asks the server and may itself wait for 10 s on a
        # dead peer; the outer one interrupts that, upon which psycopg drops the connection.
        async with asyncio.timeout(ANSWER_SECONDS + 0.5), asyncio.timeout(ANSWER_SECONDS):
            return await self._execute(statement, parameters)

    async def _execute(self, statement: LiteralString, parameters: Parameters | None) -> list[DictRow]:
        async with self._pool.connection() as connection:
            try:
                cursor = await connection.execute(statement, parameters)
                return await cursor.fetchall() if cursor.description else []
            except psycopg.errors.ReadOnlySqlTransaction:
                await connection.close()
                raise
            finally:
                if connection.broken:
                    await self._renew_pool()

    async def _renew_pool(self) -> None:
        """The broken one's siblings led to the same server: replace all before the next request tries them.

        Once in a while only: where the machine is merely slow, new connections make it slower.
        """
        if monotonic() - self._renewed_at > RENEW_SECONDS:
            self._renewed_at = monotonic()
            await self._pool.drain()
