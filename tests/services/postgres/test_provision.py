"""The pure half of the provisioning task."""

import base64
import hashlib
import hmac
import importlib.util
from pathlib import Path

_PATH = Path(__file__).parent.parent.parent.parent / "images" / "postgres" / "provision.py"
_SPEC = importlib.util.spec_from_file_location("provision", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
provision = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(provision)


def verifier(password: str, salt: bytes = b"0123456789abcdef", rounds: int = 4096) -> str:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${rounds}:{parts[0]}${parts[1]}:{parts[2]}"


def test_a_configuration_that_holds_is_not_patched() -> None:
    actual = {"ttl": 30, "postgresql": {"parameters": {"work_mem": "4MB", "other": 1}}}
    assert provision.missing({"ttl": 30, "postgresql": {"parameters": {"work_mem": "4MB"}}}, actual) == {}


def test_only_what_differs_is_patched() -> None:
    actual = {"ttl": 30, "postgresql": {"parameters": {"work_mem": "4MB", "jit": "off"}}}
    desired = {"ttl": 30, "postgresql": {"parameters": {"work_mem": "8MB", "jit": "off"}}}
    assert provision.missing(desired, actual) == {"postgresql": {"parameters": {"work_mem": "8MB"}}}


def test_a_switched_flag_is_patched() -> None:
    assert provision.missing({"failsafe_mode": True}, {"failsafe_mode": False}) == {"failsafe_mode": True}


def test_a_password_is_known_by_its_verifier() -> None:
    assert provision.holds(verifier("right"), "right")
    assert not provision.holds(verifier("right"), "wrong")
    assert not provision.holds(None, "right")
    assert not provision.holds("md5abc", "right")


def test_the_public_loses_its_rights_on_a_database() -> None:
    names = {"name": "shop", "owner": "shop_owner", "migrate": "m", "app": "a", "readonly": "r"}
    statements = list(provision.privileges(names))
    assert statements[0] == 'REVOKE ALL ON DATABASE "shop" FROM PUBLIC'
    assert not [s for s in statements if "readonly" in s and ("INSERT" in s or "DELETE" in s)]
