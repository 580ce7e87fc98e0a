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
from objects import Actual, Step, default_steps, grant_steps, index_steps, stray_roles, table_steps

Say = Callable[[str], None]
Connection = psycopg.Connection[tuple[Any, ...]]

_ROLES = "SELECT rolname, rolpassword, rolcanlogin FROM pg_authid"
_BYPASSING = "SELECT rolname FROM pg_roles WHERE rolbypassrls"
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
_NOT_LOADED = """SELECT unnest(string_to_array(setting, ',')) FROM pg_file_settings
    WHERE name = 'shared_preload_libraries'
    EXCEPT SELECT unnest(string_to_array(current_setting('shared_preload_libraries'), ','))"""
_RELATIONS = """SELECT format('%s.%s', nspname, relname), relkind::text, reloptions
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_'"""
_INDEXES = """SELECT format('%s.%s', nspname, c.relname), indisvalid, obj_description(c.oid, 'pg_class'),
    pg_get_indexdef(c.oid), EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = c.oid)
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname !~ '^pg_'"""
_GRANTS = """SELECT grantee::regrole::text, format('%s.%s', nspname, relname), privilege_type
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace, aclexplode(relacl)
    WHERE relkind IN ('r', 'p') AND grantee <> 0"""
_USAGE = """SELECT grantee::regrole::text, nspname::text FROM pg_namespace, aclexplode(nspacl)
    WHERE privilege_type = 'USAGE' AND grantee <> 0"""
_SCHEMA_DEFAULTS = """SELECT defaclobjtype::text, grantee::regrole::text, privilege_type
    FROM pg_default_acl JOIN pg_namespace n ON n.oid = defaclnamespace, aclexplode(defaclacl)
    WHERE nspname = 'public' AND defaclrole = %s::regrole"""
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


#: Of the member in whose container this runs.
BY_SOCKET = {"host": "/run/postgresql"}


def over_tls(addresses: list[dict[str, Any]], tls: Path) -> dict[str, str]:
    """Whichever member takes writes. `addresses`: `host` and `port` of each; `tls`: folder of the certificates."""
    return {
        "host": ",".join(address["host"] for address in addresses),
        "port": ",".join(str(address["port"]) for address in addresses),
        "sslmode": "verify-full",
        "sslrootcert": str(tls / "stack" / "ca.crt"),
        "sslcert": str(tls / "control" / "tls.crt"),
        "sslkey": str(tls / "control" / "tls.key"),
        "target_session_attrs": "read-write",
    }


class DeclarationError(Exception):
    """What is declared does not fit what is in the database; the message says which statement, and why."""


class Server:
    """`link`: `over_tls` or `BY_SOCKET`. `say` is told of each change, `leave` of each difference that stays. `dry`:
    nothing is changed, only told. A method may raise psycopg.Error; every one can be repeated."""

    def __init__(self, link: dict[str, str], say: Say, leave: Say, *, dry: bool = False) -> None:
        self._link = {"user": "postgres", "connect_timeout": "5", "application_name": "provision", "options": _SILENCE}
        self._link |= link
        self._say = say
        self._leave = leave
        self._dry = dry

    def _connect(self, database: str) -> Connection:
        return psycopg.connect(autocommit=True, dbname=database, **self._link)  # type: ignore[arg-type]

    def _change(self, connection: Connection, statements: Iterable[str]) -> None:
        for statement in statements:
            if not self._dry:
                self._execute(connection, statement)
            self._say(statement)

    def _execute(self, connection: Connection, statement: str) -> None:
        try:
            connection.execute(statement.encode())
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            # No statement that comes here holds a secret.
            raise DeclarationError(f"{statement}: {error}") from error

    def _step(self, connection: Connection, steps: Iterable[Step]) -> None:
        for step in steps:
            if step.left:
                self._leave(step.left)
            else:
                self._change(connection, [step.sql])

    def takes_writes(self) -> bool:
        """Whether it is the primary."""
        with self._connect("postgres") as connection:
            return list(connection.execute("SELECT pg_is_in_recovery()")) == [(False,)]

    def need_restart(self) -> set[str]:
        """The parameters that take effect at a start only."""
        with self._connect("postgres") as connection:
            return {row[0] for row in connection.execute(_NEEDS_RESTART)}

    def roles(self, wanted: list[dict[str, Any]]) -> None:
        """Roles with their memberships, and passwords where their files are."""
        with self._connect("postgres") as connection:
            known = {name: (kept, login) for name, kept, login in connection.execute(_ROLES)}
            memberships = set(connection.execute(_MEMBERS))
            bypassing = {name for (name,) in connection.execute(_BYPASSING)}
            for role in wanted:
                name = role["name"]
                if name not in known:
                    self._change(connection, [f"CREATE ROLE {quote(name)}"])
                groups = [group for group in role.get("member_of", []) if (group, name) not in memberships]
                self._change(connection, [f"GRANT {quote(group)} TO {quote(name)}" for group in groups])
                if role.get("bypasses_policies") and name not in bypassing:
                    self._change(connection, [f"ALTER ROLE {quote(name)} BYPASSRLS"])
                if "password_file" in role:
                    self._login(connection, role, known.get(name, (None, False)))

    def _login(self, connection: Connection, role: dict[str, Any], known: tuple[str | None, bool]) -> None:
        if self._dry or not Path(role["password_file"]).exists():
            if not known[1]:
                self._leave(f"role {role['name']} cannot log in yet; `basalt up` gives it its password")
            return
        name, password = quote(role["name"]), Path(role["password_file"]).read_text()
        kept, login = known
        if not matches(kept, password):
            connection.execute(f"ALTER ROLE {name} PASSWORD '{verifier(password, secrets.token_bytes(16))}'".encode())
            self._say(f"ALTER ROLE {name} PASSWORD ...")
        if not login:
            self._change(connection, [f"ALTER ROLE {name} LOGIN"])

    def strangers(self, declared: set[str], databases: list[str]) -> None:
        """Tells of roles that look like ours and are not declared."""
        with self._connect("postgres") as connection:
            known = {name for name, _, _ in connection.execute(_ROLES)}
            self._step(connection, stray_roles(declared, databases, known))

    def database(self, wanted: dict[str, Any]) -> None:
        """A database with its extensions, what each of its roles may do in it, and its declared objects."""
        name, owner = wanted["name"], wanted["owner"]
        with self._connect("postgres") as connection:
            if (name,) not in set(connection.execute(_DATABASES)):
                self._change(connection, [f"CREATE DATABASE {quote(name)} OWNER {quote(owner)}"])
                if self._dry:
                    return  # all that is in it comes with it
        with self._connect(name) as connection:
            rights: set[Right] = {row for row in connection.execute(_DATABASE_RIGHTS, [name]) if row[0] != owner}
            self._change(connection, database_rights(wanted, rights))
            self._change(connection, schema_rights(set(connection.execute(_SCHEMA_RIGHTS))))
            defaults: set[Privilege] = set(connection.execute(_DEFAULTS, [quote(owner)]))
            self._change(connection, default_privileges(wanted, defaults))
            self._acts_as_owner(connection, wanted)
            present = {name: (have, shipped) for name, have, shipped in connection.execute(_EXTENSIONS)}
            self._change(connection, extension_changes(self._loadable(connection, wanted["extensions"]), present))
            self._objects(connection, wanted)

    def _loadable(self, connection: Connection, extensions: list[str]) -> list[str]:
        """Those whose library is loaded, or that have none: the library has the extension's name."""
        waiting = {name for (name,) in connection.execute(_NOT_LOADED)} & set(extensions)
        for name in sorted(waiting):
            self._leave(f"extension {name} waits for the restart that loads its library: basalt restart")
        return [name for name in extensions if name not in waiting]

    def _objects(self, connection: Connection, wanted: dict[str, Any]) -> None:
        """Tables' own settings, indexes, rights of declared roles."""
        relations = list(connection.execute(_RELATIONS))
        options = {name: dict(option.split("=", 1) for option in has or []) for name, _, has in relations}
        kinds = {name: kind for name, kind, _ in relations}
        self._step(connection, table_steps(wanted["tables"], options))
        indexes = {
            name: Actual(valid, comment, definition, building)
            for name, valid, comment, definition, building in connection.execute(_INDEXES)
        }
        self._step(connection, index_steps(wanted["indexes"], indexes, kinds))
        grants, usage = set(connection.execute(_GRANTS)), set(connection.execute(_USAGE))
        self._step(connection, grant_steps(wanted, kinds, grants, usage))
        defaults = set(connection.execute(_SCHEMA_DEFAULTS, [quote(wanted["owner"])]))
        self._step(connection, default_steps(wanted, defaults))

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
