"""What must change so that a cluster is as declared: differences between two descriptions. No I/O."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

#: PostgreSQL's own default (RFC 7677 asks for 4096 at least).
ROUNDS = 4096

#: (kind of object, grantee, privilege); kinds are pg_default_acl's: r tables, S sequences, n schemas.
Privilege = tuple[str, str, str]
#: (grantee, privilege)
Right = tuple[str, str]

#: The pseudo-role of pg_catalog.aclexplode: everyone.
PUBLIC = "public"

_KINDS = {"r": "TABLES", "S": "SEQUENCES", "n": "SCHEMAS"}
_ALWAYS = {"r": (), "S": ("USAGE", "SELECT"), "n": ("USAGE",)}


def quote(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def merge_patch(desired: dict[str, Any], actual: Any, *, whole: bool = False) -> dict[str, Any]:
    """What to send so that `actual` holds all of `desired`; {} for nothing. `whole`: keys that are not declared are
    taken back (null), as PostgreSQL's `parameters` are; others are left to who set them (`patronictl pause`)."""
    actual = actual if isinstance(actual, dict) else {}
    patch: dict[str, Any] = {key: None for key in actual if whole and key not in desired}
    for key, value in desired.items():
        if not isinstance(value, dict):
            if actual.get(key) != value:
                patch[key] = value
        elif inner := merge_patch(value, actual.get(key), whole=key == "parameters"):
            patch[key] = inner
    return patch


def told(patch: dict[str, Any], actual: Any, restarting: set[str]) -> Iterator[str]:
    """A patch as lines: each changed parameter with what it was, and whether it takes a reload or a restart."""
    parameters = patch.get("postgresql", {}).get("parameters", {})
    had = ((actual or {}).get("postgresql") or {}).get("parameters") or {}
    for name, value in sorted(parameters.items()):
        takes = "restart" if name in restarting else "reload"
        now = "default" if value is None else value
        yield f"parameter {name}: {had.get(name, 'default')} -> {now} ({takes})"
    rest = {key: value for key, value in patch.items() if key != "postgresql"}
    inner = {key: value for key, value in patch.get("postgresql", {}).items() if key != "parameters"}
    rest |= {"postgresql": inner} if inner else {}
    if rest:
        yield f"configuration {json.dumps(rest, sort_keys=True)}"


def verifier(password: str, salt: bytes, rounds: int = ROUNDS) -> str:
    """What PostgreSQL keeps of a password: `SCRAM-SHA-256$<rounds>:<salt>$<stored key>:<server key>` (RFC 5802). The
    password itself then never leaves this process, and no log can hold it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    words = [base64.b64encode(data).decode() for data in (salt, stored, server)]
    return f"SCRAM-SHA-256${rounds}:{words[0]}${words[1]}:{words[2]}"


def matches(kept: str | None, password: str) -> bool:
    """Whether a kept verifier is that of a password."""
    if not kept or not kept.startswith("SCRAM-SHA-256$"):
        return False
    rounds, salt = kept.split("$")[1].split(":")
    return hmac.compare_digest(kept, verifier(password, base64.b64decode(salt), int(rounds)))


def database_rights(database: dict[str, Any], actual: set[Right]) -> Iterator[str]:
    """Who may connect: the database's own roles, monitoring, and those named in `connects`. `actual` is its access
    list without the owner."""
    name, roles = quote(database["name"]), [database[purpose] for purpose in ("migrate", "app", "readonly")]
    roles += [entry["role"] for entry in database["grants"]]
    connecting = (*roles, "monitor", *database.get("connects", ()))
    wanted = [(role, "CONNECT") for role in connecting] + [(role, "TEMPORARY") for role in roles[:2]]
    for grantee, right in sorted(actual):
        if grantee == PUBLIC:
            yield f"REVOKE {right} ON DATABASE {name} FROM PUBLIC"
    for role, right in wanted:
        if (role, right) not in actual:
            yield f"GRANT {right} ON DATABASE {name} TO {quote(role)}"


def schema_rights(actual: set[Right]) -> Iterator[str]:
    """Only the owner of a database makes tables in it, as since PostgreSQL 15; an older dump may say otherwise."""
    if (PUBLIC, "CREATE") in actual:
        yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"


def default_privileges(database: dict[str, Any], actual: set[Privilege]) -> Iterator[str]:
    """What migrations make belongs to the owner, and is open to the application and to readers at once."""
    writes = {**_ALWAYS, "r": ("SELECT", "INSERT", "UPDATE", "DELETE")}
    reads = {**_ALWAYS, "r": ("SELECT",), "S": ("SELECT",)}
    for role, wanted in ((database["app"], writes), (database["readonly"], reads)):
        for kind, privileges in wanted.items():
            lacking = [privilege for privilege in privileges if (kind, role, privilege) not in actual]
            if lacking:
                grant = f"GRANT {', '.join(lacking)} ON {_KINDS[kind]} TO {quote(role)}"
                yield f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote(database['owner'])} {grant}"


def extension_changes(wanted: list[str], actual: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Extensions to create and to update. `actual`: name -> (installed version, version in the image)."""
    for name in wanted:
        if name not in actual:
            yield f"CREATE EXTENSION {quote(name)} CASCADE"
        elif actual[name][0] != actual[name][1]:
            yield f"ALTER EXTENSION {quote(name)} UPDATE TO '{actual[name][1]}'"
