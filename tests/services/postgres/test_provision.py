"""The pure half of the provisioning task."""

import importlib.util
from pathlib import Path

import pytest

_PATH = Path(__file__).parent.parent.parent.parent / "images" / "postgres" / "provision" / "desired.py"
_SPEC = importlib.util.spec_from_file_location("desired", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
desired = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(desired)

SHOP = {"name": "shop", "owner": "o", "migrate": "m", "app": "a", "readonly": "r", "extensions": [], "grants": []}
RIGHTS = {(role, "CONNECT") for role in ("m", "a", "r", "monitor")} | {(role, "TEMPORARY") for role in ("m", "a")}


def test_a_configuration_that_holds_is_not_patched() -> None:
    actual = {"ttl": 30, "postgresql": {"parameters": {"work_mem": "4MB"}, "use_slots": True}}
    assert desired.merge_patch({"ttl": 30, "postgresql": {"parameters": {"work_mem": "4MB"}}}, actual) == {}


def test_only_what_differs_is_patched() -> None:
    actual = {"ttl": 30, "postgresql": {"parameters": {"work_mem": "4MB", "jit": False}}}
    wanted = {"ttl": 30, "postgresql": {"parameters": {"work_mem": "8MB", "jit": False}}}
    assert desired.merge_patch(wanted, actual) == {"postgresql": {"parameters": {"work_mem": "8MB"}}}


def test_a_parameter_that_is_no_longer_declared_is_taken_back() -> None:
    wanted = {"parameters": {"jit": False}}
    actual = {"parameters": {"jit": False, "work_mem": "4MB"}}
    assert desired.merge_patch(wanted, actual) == {"parameters": {"work_mem": None}}


def test_a_pause_that_an_operator_has_set_stays() -> None:
    assert desired.merge_patch({"ttl": 30}, {"ttl": 30, "pause": True}) == {}


def test_a_cluster_without_parameters_gets_them_all() -> None:
    wanted = {"postgresql": {"parameters": {"jit": False}}}
    assert desired.merge_patch(wanted, {"postgresql": None}) == wanted


def test_a_verifier_is_what_postgresql_makes_of_a_password() -> None:
    # The example of RFC 7677, section 3: user "user", password "pencil".
    made = desired.verifier("pencil", b"[m\x99h\x9d\x125\x8e\xec\xa0K\x14\x126\xfa\x81", 4096)
    assert made == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_a_password_is_known_by_its_verifier() -> None:
    kept = desired.verifier("right", b"0123456789abcdef")
    assert desired.matches(kept, "right")
    assert not desired.matches(kept, "wrong")
    assert not desired.matches(None, "right")
    assert not desired.matches("md5abc", "right")


def test_a_new_database_is_closed_to_everyone_but_its_roles() -> None:
    statements = list(desired.database_rights(SHOP, {("public", "CONNECT"), ("public", "TEMPORARY")}))
    assert statements[:2] == [
        'REVOKE CONNECT ON DATABASE "shop" FROM PUBLIC',
        'REVOKE TEMPORARY ON DATABASE "shop" FROM PUBLIC',
    ]
    assert 'GRANT CONNECT ON DATABASE "shop" TO "a"' in statements
    assert 'GRANT TEMPORARY ON DATABASE "shop" TO "r"' not in statements


def test_who_else_is_named_may_connect() -> None:
    statements = list(desired.database_rights({**SHOP, "connects": ["dump"]}, RIGHTS))
    assert statements == ['GRANT CONNECT ON DATABASE "shop" TO "dump"']


def test_rights_that_are_there_are_left_alone() -> None:
    assert list(desired.database_rights(SHOP, RIGHTS)) == []


def test_a_right_that_someone_else_was_given_is_not_dropped() -> None:
    assert list(desired.database_rights(SHOP, RIGHTS | {("guest", "CONNECT")})) == []


def test_readers_read() -> None:
    statements = [s for s in desired.default_privileges(SHOP, set()) if s.endswith('"r"')]
    assert [s.split(" GRANT ")[1] for s in statements] == [
        'SELECT ON TABLES TO "r"',
        'SELECT ON SEQUENCES TO "r"',
        'USAGE ON SCHEMAS TO "r"',
    ]


def test_the_application_writes_and_alters_nothing() -> None:
    (tables, *_) = desired.default_privileges(SHOP, set())
    assert tables.endswith('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "a"')


def test_only_a_lost_privilege_is_given_back() -> None:
    whole = {("r", "a", p) for p in ("SELECT", "INSERT", "UPDATE", "DELETE")} | {("r", "r", "SELECT")}
    whole |= {("S", "a", "USAGE"), ("S", "a", "SELECT"), ("S", "r", "SELECT"), ("n", "a", "USAGE"), ("n", "r", "USAGE")}
    assert list(desired.default_privileges(SHOP, whole)) == []
    (statement,) = desired.default_privileges(SHOP, whole - {("r", "a", "DELETE")})
    assert statement.endswith('GRANT DELETE ON TABLES TO "a"')


def test_a_dump_that_opened_the_schema_is_closed_again() -> None:
    assert list(desired.schema_rights({("public", "CREATE"), ("public", "USAGE")})) == [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    ]
    assert list(desired.schema_rights({("public", "USAGE")})) == []


@pytest.mark.parametrize(
    ("actual", "statements"),
    [
        ({}, ['CREATE EXTENSION "pgcrypto" CASCADE']),
        ({"pgcrypto": ("1.3", "1.3")}, []),
        ({"pgcrypto": ("1.3", "1.4")}, ["ALTER EXTENSION \"pgcrypto\" UPDATE TO '1.4'"]),
        ({"pgcrypto": ("1.3", "1.3"), "hstore": ("1.8", "1.8")}, []),
    ],
)
def test_extensions_are_made_and_updated_and_never_dropped(
    actual: dict[str, tuple[str, str]], statements: list[str]
) -> None:
    assert list(desired.extension_changes(["pgcrypto"], actual)) == statements


def test_a_name_with_a_quote_stays_a_name() -> None:
    assert desired.quote('a"b') == '"a""b"'
