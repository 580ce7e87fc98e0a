#!/usr/bin/python3
"""Brings roles, databases, privileges and Patroni's dynamic configuration to what a document declares.

Idempotent: it says what it changes and changes nothing twice. Nothing is dropped. A password never leaves this process:
the server gets its SCRAM verifier (RFC 5802), so that no log can hold it.
"""

import argparse
import base64
import hashlib
import hmac
import json
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TLS = Path("/etc/basalt/tls")
_POLL = 1.0  # seconds between two looks for a leader

ROLES = "SELECT rolname, rolpassword FROM pg_authid"
MEMBERS = """SELECT r.rolname || '<' || m.rolname FROM pg_auth_members a
 JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member"""
DATABASES = "SELECT datname FROM pg_database"
EXTENSIONS = "SELECT extname FROM pg_extension"


def missing(desired: Any, actual: Any) -> Any:
    """The part of `desired` that `actual` lacks or has otherwise, in the shape of a merge patch; {} for none."""
    if not isinstance(desired, dict) or not isinstance(actual, dict):
        return desired
    return {key: missing(value, actual.get(key)) for key, value in desired.items() if not same(value, actual.get(key))}


def same(desired: Any, actual: Any) -> bool:
    """Whether `actual` holds all of `desired`. A number and its text are equal: the DCS keeps what it was given."""
    if isinstance(desired, dict):
        return isinstance(actual, dict) and all(same(value, actual.get(key)) for key, value in desired.items())
    return desired == actual or (str(desired) == str(actual) and not isinstance(desired, bool))


def holds(verifier: str | None, password: str) -> bool:
    """Whether a SCRAM verifier (`SCRAM-SHA-256$rounds:salt$stored:server`) is that of a password."""
    if not verifier or not verifier.startswith("SCRAM-SHA-256$"):
        return False
    _, parameters, keys = verifier.split("$")
    rounds, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored = base64.b64encode(hashlib.sha256(client).digest()).decode()
    return hmac.compare_digest(stored, keys.split(":")[0])


def privileges(database: dict[str, Any]) -> Iterator[str]:
    """Statements that give each role of a database what its purpose needs. Names are checked by the stack's model."""
    name, owner, migrate = database["name"], database["owner"], database["migrate"]
    app, readonly = database["app"], database["readonly"]
    yield f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC'
    yield f'GRANT CONNECT ON DATABASE "{name}" TO "{migrate}", "{app}", "{readonly}", monitor'
    yield f'GRANT TEMPORARY ON DATABASE "{name}" TO "{app}"'
    yield f'ALTER SCHEMA public OWNER TO "{owner}"'
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f'GRANT USAGE ON SCHEMA public TO "{app}", "{readonly}"'
    # Whatever migrations make belongs to the owner, and is open to the application at once.
    yield f'ALTER ROLE "{migrate}" IN DATABASE "{name}" SET role TO "{owner}"'
    defaults = f'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public GRANT'
    yield f'{defaults} SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{app}"'
    yield f'{defaults} USAGE, SELECT ON SEQUENCES TO "{app}"'
    yield f'{defaults} SELECT ON TABLES TO "{readonly}"'


def say(message: str) -> None:
    """One line, at once."""
    print(message, flush=True)


class Patroni:
    """The REST interface of whichever member answers."""

    def __init__(self, members: list[str]) -> None:
        self._members = members
        self._tls = ssl.create_default_context(cafile=str(TLS / "control" / "ca.crt"))
        self._tls.load_cert_chain(TLS / "control" / "tls.crt", TLS / "control" / "tls.key")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The first member's answer that is not a refusal. OSError when none answers."""
        failure: OSError = OSError("there are no members")
        for member in self._members:
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(member + path, data=data, method=method)  # noqa: S310  https, from the plan
            try:
                with urllib.request.urlopen(request, timeout=10, context=self._tls) as answer:  # noqa: S310
                    return json.load(answer)
            except OSError as error:
                failure = error
        raise failure

    def wait_for_leader(self, seconds: float) -> None:
        """Until the cluster has a running leader. TimeoutError with what was seen last."""
        deadline = time.monotonic() + seconds
        last: object = None
        while time.monotonic() < deadline:
            try:
                members = self.call("GET", "/cluster")["members"]
            except OSError as error:
                last = error
            else:
                last = {member["name"]: (member["role"], member["state"]) for member in members}
                if any(m["role"] == "leader" and m["state"] == "running" for m in members):
                    return
            time.sleep(_POLL)
        raise TimeoutError(f"no leader within {seconds:.0f} s; last seen: {last}")

    def configure(self, desired: dict[str, Any]) -> int:
        """Patches the dynamic configuration where it differs; how many changes."""
        patch = missing(desired, self.call("GET", "/config"))
        if not patch:
            return 0
        self.call("PATCH", "/config", patch)
        say(f"dynamic configuration: changed {json.dumps(patch, sort_keys=True)}")
        return 1


class Server:
    """The primary, as superuser over verified TLS."""

    def __init__(self, addresses: list[dict[str, Any]]) -> None:
        self._addresses = addresses

    def connect(self, database: str) -> Any:
        """A connection in autocommit."""
        import psycopg

        return psycopg.connect(
            host=",".join(address["host"] for address in self._addresses),
            port=",".join(str(address["port"]) for address in self._addresses),
            dbname=database,
            user="postgres",
            password=Path("/etc/basalt/secrets/superuser").read_text(),
            sslmode="verify-full",
            sslrootcert=str(TLS / "stack" / "ca.crt"),
            target_session_attrs="read-write",
            connect_timeout=10,
            autocommit=True,
        )

    def provision_roles(self, roles: list[dict[str, Any]]) -> int:
        """Roles with their passwords and memberships; how many changes."""
        changes = 0
        with self.connect("postgres") as connection:
            known = dict(connection.execute(ROLES).fetchall())
            members = {row[0] for row in connection.execute(MEMBERS).fetchall()}
            for role in roles:
                name = role["name"]
                if name not in known:
                    connection.execute(f'CREATE ROLE "{name}" NOLOGIN')
                    say(f"role {name}: created")
                    changes += 1
                for group in role["member_of"]:
                    if f"{group}<{name}" not in members:
                        connection.execute(f'GRANT "{group}" TO "{name}"')
                        say(f"role {name}: member of {group}")
                        changes += 1
                changes += self._password(connection, role, known.get(name))
        return changes

    @staticmethod
    def _password(connection: Any, role: dict[str, Any], verifier: str | None) -> int:
        if "password_file" not in role:
            return 0
        name, password = role["name"], Path(role["password_file"]).read_text()
        if holds(verifier, password):
            return 0
        made = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        connection.execute(f"ALTER ROLE \"{name}\" LOGIN PASSWORD '{made}'")
        say(f"role {name}: password set")
        return 1

    def provision_database(self, database: dict[str, Any]) -> int:
        """A database with its extensions and privileges; how many changes (privileges are not counted)."""
        changes, name = 0, database["name"]
        with self.connect("postgres") as connection:
            if name not in {row[0] for row in connection.execute(DATABASES).fetchall()}:
                connection.execute(f'CREATE DATABASE "{name}" OWNER "{database["owner"]}"')
                say(f"database {name}: created")
                changes += 1
        with self.connect(name) as connection:
            known = {row[0] for row in connection.execute(EXTENSIONS).fetchall()}
            for extension in sorted(set(database["extensions"]) - known):
                connection.execute(f'CREATE EXTENSION "{extension}"')
                say(f"database {name}: extension {extension} created")
                changes += 1
            with connection.transaction():
                for statement in privileges(database):
                    connection.execute(statement)
        return changes


def main() -> int:
    """0 when all is as declared."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--document", type=Path, required=True, help="what is declared (JSON)")
    parser.add_argument(
        "--wait", type=float, default=300, metavar="SECONDS", help="for a leader (default: %(default)s)"
    )
    options = parser.parse_args()
    document = json.loads(options.document.read_text())
    patroni = Patroni(document["patroni"])
    try:
        patroni.wait_for_leader(options.wait)
        changes = patroni.configure(document["configuration"])
    except OSError as error:
        say(f"Patroni: {error}")
        return 1
    server = Server(document["sql"])
    changes += server.provision_roles(document["roles"])
    changes += sum(server.provision_database(database) for database in document["databases"])
    say(f"{changes} changes" if changes else "nothing changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
