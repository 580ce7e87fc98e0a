"""Certificates of the stack's own authority."""

import subprocess
from pathlib import Path

from cryptography import x509

from basalt.targets.certificates import make_authority, make_leaf


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
