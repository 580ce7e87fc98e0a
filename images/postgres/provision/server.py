"""The primary, as superuser: what is there, and statements that change it."""

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
from desired import (
    Privilege,
    Right,
    database_rights,
    default_privileges,
    extension_changes,
    matches,
    quote,
    schema_rights,
    verifier,
)

Say = Callable[[str], None]
Connection = psycopg.Connection[tuple[Any, ...]]

_ROLES = "SELECT rolname, rolpassword, rolcanlogin FROM pg_authid"
_MEMBERS = """SELECT g.rolname, m.rolname FROM pg_auth_members
    JOIN pg_roles g ON g.oid = roleid JOIN pg_roles m ON m.oid = member"""
_DATABASES = "SELECT datname FROM pg_database"
_DATABASE_RIGHTS = """SELECT CASE grantee WHEN 0 THEN 'public' ELSE grantee::regrole::text END, privilege_type
    FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = %s"""
_SCHEMA_RIGHTS = """SELECT CASE grantee WHEN 0 THEN 'public' ELSE grantee::regrole::text END, privilege_type
    FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'public'"""
_DEFAULTS = """SELECT defaclobjtype::text, grantee::regrole::text, privilege_type
    FROM pg_default_acl, aclexplode(defaclacl) WHERE defaclnamespace = 0 AND defaclrole = %s::regrole"""
_SETTINGS = """SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
    WHERE datname = %s AND setrole = %s::regrole"""
_EXTENSIONS = """SELECT extname, extversion, default_version FROM pg_extension
    JOIN pg_available_extensions ON name = extname"""
_NEEDS_RESTART = "SELECT name FROM pg_settings WHERE context = 'postmaster'"

#: No statement with a verifier in it may be kept anywhere.
_SILENCE = " ".join(
    f"-c {setting}"
    for setting in (
        "log_statement=none",
        "log_min_duration_statement=-1",
        "log_min_error_statement=panic",
        "pg_stat_statements.track_utility=off",
        "pgaudit.log=none",
        "idle_in_transaction_session_timeout=0",
    )
)


class Server:
    """Whichever member takes writes, over verified TLS. `addresses`: `host` and `port` of each member; `tls`: folder of
    the certificates; `say` is told of each change. A method may raise psycopg.Error; every one can be repeated."""

    def __init__(self, addresses: list[dict[str, Any]], tls: Path, say: Say) -> None:
        self._link = {
            "host": ",".join(address["host"] for address in addresses),
            "port": ",".join(str(address["port"]) for address in addresses),
            "user": "postgres",
            "sslmode": "verify-full",
            "sslrootcert": str(tls / "stack" / "ca.crt"),
            "sslcert": str(tls / "control" / "tls.crt"),
            "sslkey": str(tls / "control" / "tls.key"),
            "target_session_attrs": "read-write",
            "connect_timeout": "5",
            "application_name": "provision",
            "options": _SILENCE,
        }
        self._say = say

    def _connect(self, database: str) -> Connection:
        return psycopg.connect(autocommit=True, dbname=database, **self._link)  # type: ignore[arg-type]

    def _change(self, connection: Connection, statements: Iterable[str]) -> None:
        for statement in statements:
            connection.execute(statement.encode())
            self._say(statement)

    def need_restart(self) -> set[str]:
        """The parameters that take effect at a start only."""
        with self._connect("postgres") as connection:
            return {row[0] for row in connection.execute(_NEEDS_RESTART)}

    def roles(self, wanted: list[dict[str, Any]]) -> None:
        """Roles with their memberships and passwords."""
        with self._connect("postgres") as connection:
            known = {name: (kept, login) for name, kept, login in connection.execute(_ROLES)}
            memberships = set(connection.execute(_MEMBERS))
            for role in wanted:
                name = role["name"]
                if name not in known:
                    self._change(connection, [f"CREATE ROLE {quote(name)}"])
                groups = [group for group in role.get("member_of", []) if (group, name) not in memberships]
                self._change(connection, [f"GRANT {quote(group)} TO {quote(name)}" for group in groups])
                if "password_file" in role:
                    self._login(connection, role, known.get(name, (None, False)))

    def _login(self, connection: Connection, role: dict[str, Any], known: tuple[str | None, bool]) -> None:
        name, password = quote(role["name"]), Path(role["password_file"]).read_text()
        kept, login = known
        if not matches(kept, password):
            connection.execute(f"ALTER ROLE {name} PASSWORD '{verifier(password, secrets.token_bytes(16))}'".encode())
            self._say(f"ALTER ROLE {name} PASSWORD ...")
        if not login:
            self._change(connection, [f"ALTER ROLE {name} LOGIN"])

    def database(self, wanted: dict[str, Any]) -> None:
        """A database with its extensions, and what each of its roles may do in it."""
        name, owner = wanted["name"], wanted["owner"]
        with self._connect("postgres") as connection:
            if (name,) not in set(connection.execute(_DATABASES)):
                self._change(connection, [f"CREATE DATABASE {quote(name)} OWNER {quote(owner)}"])
        with self._connect(name) as connection:
            rights: set[Right] = {row for row in connection.execute(_DATABASE_RIGHTS, [name]) if row[0] != owner}
            self._change(connection, database_rights(wanted, rights))
            self._change(connection, schema_rights(set(connection.execute(_SCHEMA_RIGHTS))))
            defaults: set[Privilege] = set(connection.execute(_DEFAULTS, [quote(owner)]))
            self._change(connection, default_privileges(wanted, defaults))
            self._acts_as_owner(connection, wanted)
            present = {name: (have, shipped) for name, have, shipped in connection.execute(_EXTENSIONS)}
            self._change(connection, extension_changes(wanted["extensions"], present))

    def _acts_as_owner(self, connection: Connection, wanted: dict[str, Any]) -> None:
        """A migration that forgets SET ROLE would make tables that belong to a login role."""
        role = wanted["migrate"]
        settings = {row[0] for row in connection.execute(_SETTINGS, [wanted["name"], quote(role)])}
        if f"role={wanted['owner']}" not in settings:
            database, owner = quote(wanted["name"]), quote(wanted["owner"])
            self._change(connection, [f"ALTER ROLE {quote(role)} IN DATABASE {database} SET role TO {owner}"])

    def closed_to_strangers(self) -> None:
        """The superuser's own database: monitoring and rewinding go on there, nothing else."""
        with self._connect("postgres") as connection:
            rights = set(connection.execute(_DATABASE_RIGHTS, ["postgres"]))
            revoked = [right for grantee, right in sorted(rights) if grantee == "public"]
            self._change(connection, [f"REVOKE {right} ON DATABASE postgres FROM PUBLIC" for right in revoked])
            lacking = [role for role in ("monitor", "rewind") if (role, "CONNECT") not in rights]
            self._change(connection, [f"GRANT CONNECT ON DATABASE postgres TO {role}" for role in lacking])
