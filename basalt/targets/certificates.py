"""Certificate authorities, and the leaf certificates that they sign."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
BOTH = (SERVER, CLIENT)

_AUTHORITY_DAYS = 3650
_BACKDATE = timedelta(minutes=5)  # clocks of hosts differ


def _now() -> datetime:
    return datetime.now(UTC)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: str, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _BACKDATE)
        .not_valid_after(_now() + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def make_authority(common: str) -> dict[str, str]:
    """A self-signed authority: `certificate` and `key` (PEM, ECDSA P-256)."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(common, key.public_key(), _AUTHORITY_DAYS)
        .issuer_name(_name(common))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return {"certificate": _pem(certificate), "key": _key_pem(key)}


def make_leaf(
    names: list[str], days: int, authority: str, authority_key: str, usages: Sequence[x509.ObjectIdentifier] = BOTH
) -> dict[str, str]:
    """A certificate for server and client use, or for one of them, signed by the authority: `certificate`, `key` (PEM),
    `not_after` (ISO 8601, UTC). `names` are DNS names and addresses, the first is the common name."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(names, key.public_key(), days, (authority, authority_key), usages)
    end = certificate.not_valid_after_utc.isoformat()
    return {"certificate": _pem(certificate), "key": _key_pem(key), "not_after": end}


def sign(request: str, names: list[str], days: int, authority: str, authority_key: str) -> str:
    """A certificate (PEM) for server use of the key that a request (PEM) is of; of the request nothing else counts.
    ValueError when it is not signed by its own key, or that is not of an elliptic curve."""
    asked = x509.load_pem_x509_csr(request.encode())
    key = asked.public_key()
    if not asked.is_signature_valid or not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("the request is not signed by an elliptic key of its own")
    return _pem(_signed(names, key, days, (authority, authority_key), [SERVER]))


def _signed(
    names: list[str],
    key: ec.EllipticCurvePublicKey,
    days: int,
    authority: tuple[str, str],
    usages: Sequence[x509.ObjectIdentifier],
) -> x509.Certificate:
    issuer = x509.load_pem_x509_certificate(authority[0].encode())
    signer = serialization.load_pem_private_key(authority[1].encode(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101  made above
    return (
        _builder(names[0], key, days)
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )


def lasts(certificate: str, authority: str, names: list[str], key: str) -> bool:
    """Whether a certificate (PEM) is the authority's, for these names and for this key (PEM, public), and a third of
    its life is left. What is no certificate is none."""
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
    except (ValueError, TypeError, InvalidSignature):
        return False
    left = found.not_valid_after_utc - _now()
    life = found.not_valid_after_utc - found.not_valid_before_utc
    return left > life / 3 and _names(found) == set(names) and public(found) == key


def public(holder: x509.Certificate | x509.CertificateSigningRequest | ec.EllipticCurvePrivateKey) -> str:
    """The public key (PEM) of a certificate, a request or a private key."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return holder.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _names(certificate: x509.Certificate) -> set[str]:
    told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in told}
