"""Brings the schema to the version that the image was written for."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from shop.database import connect_options
from shop.migration_files import RefusedError, read_folder
from shop.migration_plan import Applied, Step, plan
from shop.passwords import hash_password, verify_password
from shop.settings import Settings, SettingsError, read_secret

Say = Callable[[str], None]
Connection = psycopg.Connection[tuple[object, ...]]

# One number for all migrators of this application; any will do that nothing else in the database uses.
LOCK = 0x62_61_73_61_6C_74
TIERS = ("client", "driver", "partner", "admin")

_TABLE = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version    integer     PRIMARY KEY,
        name       text        NOT NULL,
        sha256     text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
_APPLIED = "SELECT version, name, sha256 FROM schema_migrations ORDER BY version"
_REMEMBER = "INSERT INTO schema_migrations (version, name, sha256) VALUES (%s, %s, %s)"
_FORGET = "DELETE FROM schema_migrations WHERE version = %s"
_SEED = """
    INSERT INTO users (name, tier, password_hash) VALUES (%(name)s, %(name)s, %(hash)s)
    ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash
"""


@dataclass(frozen=True)
class Wish:
    target: int | None = None
    rollback: bool = False
    dry_run: bool = False
    wait_seconds: float = 120.0


def run(settings: Settings, wish: Wish, say: Say) -> None:
    if settings.migrate is None:
        raise SettingsError("migrate: null: `shop migrate` needs this section")
    files = read_folder()
    deadline = time.monotonic() + wish.wait_seconds
    options = connect_options(settings.migrate, settings.authority)
    with _connect(options, settings.migrate.owner, deadline, say) as connection, _locked(connection, deadline, say):
        applied = _applied(connection)
        steps = plan(files, applied, target=wish.target, rollback=wish.rollback)
        current = max((row.version for row in applied), default=0)
        say(f"schema at {current:04}, {len(steps)} to do")
        for step in steps:
            say(f"would {step}" if wish.dry_run else str(step))
            if not wish.dry_run:
                _take(connection, step)
        if settings.demo and not wish.dry_run and not wish.rollback:
            _seed(connection, read_secret(settings.demo.password_file), say)
        say("dry run: nothing was changed" if wish.dry_run else "done")


@contextmanager
def _connect(options: Mapping[str, Any], owner: str, deadline: float, say: Say) -> Iterator[Connection]:
    with _wait_for_database(options, deadline, say) as connection:
        connection.autocommit = True
        # What is created belongs to the owner, not to whoever migrates, so default privileges apply.
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
        # A lock that is not granted soon would queue every other user of the table behind it.
        connection.execute("SET lock_timeout = '5s'")
        yield connection


def _wait_for_database(options: Mapping[str, Any], deadline: float, say: Say) -> Connection:
    while True:
        try:
            # Right after a failover a name may still lead to the old primary.
            return psycopg.connect(**options, target_session_attrs="read-write")
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise
            say(f"waiting for the database: {' '.join(str(error).split())[:160]}")
            time.sleep(2)


@contextmanager
def _locked(connection: Connection, deadline: float, say: Say) -> Iterator[None]:
    """Held by the session, so it ends with the process however that ends."""
    while not _single(connection, "SELECT pg_try_advisory_lock(%s)", LOCK):
        if time.monotonic() > deadline:
            raise RefusedError("another migration holds the lock; look for it in pg_stat_activity")
        say("waiting for another migration to end")
        time.sleep(1)
    try:
        yield
    finally:
        if not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _applied(connection: Connection) -> list[Applied]:
    if not _single(connection, "SELECT to_regclass('schema_migrations') IS NOT NULL"):
        return []
    return connection.cursor(row_factory=class_row(Applied)).execute(_APPLIED).fetchall()


def _take(connection: Connection, step: Step) -> None:
    migration = step.migration
    try:
        with connection.transaction():
            connection.execute(_TABLE)
            # As bytes: a file is SQL to the letter, a % in it no placeholder.
            connection.execute(step.sql.encode())
            if step.forward:
                connection.execute(_REMEMBER, [migration.version, migration.name, migration.sha256])
            else:
                connection.execute(_FORGET, [migration.version])
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise RefusedError(f"{step} failed and was rolled back: {str(error).strip()}") from error


def _seed(connection: Connection, password: str, say: Say) -> None:
    """A user for each tier; hashes are salted, so one that fits is left as it is."""
    if not _single(connection, "SELECT to_regclass('users') IS NOT NULL"):
        return
    for name in TIERS:
        stored = _single(connection, "SELECT password_hash FROM users WHERE name = %s", name)
        if stored is None or not verify_password(password, str(stored)):
            connection.execute(_SEED, {"name": name, "hash": hash_password(password)})
            say(f"demo user {name} written")


def _single(connection: Connection, query: str, *parameters: object) -> object:
    row = connection.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None
