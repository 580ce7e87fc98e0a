"""Certificates of the stack's own authority."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from basalt.targets import certificates
from basalt.targets.certificates import lasts, make_authority, make_leaf, public, sign


def test_a_leaf_is_verified_by_its_authority_for_both_uses(tmp_path: Path) -> None:
    authority = make_authority("basalt test stack")
    leaf = make_leaf(["etcd-1", "etcd", "127.0.0.1"], 90, authority["certificate"], authority["key"])
    (tmp_path / "ca.crt").write_text(authority["certificate"])
    (tmp_path / "tls.crt").write_text(leaf["certificate"])
    for purpose in ("sslserver", "sslclient"):
        command = [
            "openssl",
            "verify",
            "-CAfile",
            "ca.crt",
            "-purpose",
            purpose,
            "-verify_hostname",
            "etcd-1",
            "tls.crt",
        ]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_a_leaf_of_another_authority_is_refused(tmp_path: Path) -> None:
    ours, theirs = make_authority("ours"), make_authority("theirs")
    leaf = make_leaf(["x"], 90, theirs["certificate"], theirs["key"])
    (tmp_path / "ca.crt").write_text(ours["certificate"])
    (tmp_path / "tls.crt").write_text(leaf["certificate"])
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", "ca.crt", "tls.crt"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode != 0


def test_names_and_addresses_are_told_apart() -> None:
    authority = make_authority("basalt")
    leaf = make_leaf(["etcd-1", "127.0.0.1"], 90, authority["certificate"], authority["key"])
    certificate = x509.load_pem_x509_certificate(leaf["certificate"].encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["etcd-1"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def request(key: ec.EllipticCurvePrivateKey, name: str) -> str:
    """A request of a key, as a host makes it, for whatever name."""
    alternative = x509.SubjectAlternativeName([x509.DNSName(name)])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(alternative, critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_request_gets_the_names_that_the_signer_knows_and_serves_only(tmp_path: Path) -> None:
    authority, key = make_authority("engines"), ec.generate_private_key(ec.SECP256R1())
    signed = sign(request(key, "evil"), ["data-1"], 365, authority["certificate"], authority["key"])
    (tmp_path / "ca.crt").write_text(authority["certificate"])
    (tmp_path / "tls.crt").write_text(signed)
    assert lasts(signed, authority["certificate"], ["data-1"], public(key))
    for purpose, fits in (("sslserver", True), ("sslclient", False)):
        command = ["openssl", "verify", "-CAfile", "ca.crt", "-purpose", purpose, "tls.crt"]
        assert (subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0) is fits


def test_a_request_that_is_not_signed_by_its_key_gets_nothing() -> None:
    authority, key = make_authority("engines"), rsa.generate_private_key(65537, 2048)
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    with pytest.raises(ValueError, match="elliptic"):
        sign(made.public_bytes(serialization.Encoding.PEM).decode(), ["x"], 365, *authority.values())


NAMES = ["a", "192.0.2.1"]


def test_a_certificate_lasts_until_a_third_of_its_life_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = make_authority("engines")
    leaf = make_leaf(NAMES, 90, authority["certificate"], authority["key"])
    now = certificates._now()
    for past, good in ((0, True), (59, True), (61, False), (91, False)):
        monkeypatch.setattr(certificates, "_now", lambda past=past: now + timedelta(days=past))
        assert lasts(leaf["certificate"], authority["certificate"], NAMES, _public(leaf)) is good, past


def test_a_certificate_of_other_names_another_authority_or_another_key_does_not_last() -> None:
    authority, other = make_authority("engines"), make_authority("engines")
    leaf, second = (make_leaf(NAMES, 90, authority["certificate"], authority["key"]) for _ in range(2))
    assert lasts(leaf["certificate"], authority["certificate"], NAMES, _public(leaf))
    assert not lasts(leaf["certificate"], authority["certificate"], ["a"], _public(leaf))
    assert not lasts(leaf["certificate"], other["certificate"], NAMES, _public(leaf))
    assert not lasts(leaf["certificate"], authority["certificate"], NAMES, _public(second))


def _public(leaf: dict[str, str]) -> str:
    key = serialization.load_pem_private_key(leaf["key"].encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return public(key)


def test_what_is_no_certificate_does_not_last() -> None:
    authority = make_authority("engines")
    assert not lasts("", authority["certificate"], ["a"], "")
    assert not lasts("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", authority["certificate"], ["a"], "")
