"""The certificates of an engine itself: its own, and the one by which it is spoken to from here."""

import socket
import ssl
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from basalt.targets.docker.address import folder
from basalt.topology.model import Host

_SECONDS = 10


def own_end(host: Host) -> datetime | None:
    """When the first of both ends; None where an engine is not spoken to by TLS. OSError where it does not answer."""
    if not host.engine_certificates:
        return None
    files, url = folder(host.engine_certificates), urlsplit(host.engine)
    own = x509.load_pem_x509_certificate((files / "cert.pem").read_bytes())
    context = ssl.create_default_context(cafile=str(files / "ca.pem"))
    context.load_cert_chain(files / "cert.pem", files / "key.pem")
    with (
        socket.create_connection((url.hostname, url.port), timeout=_SECONDS) as connection,
        context.wrap_socket(connection, server_hostname=url.hostname) as secured,
    ):
        theirs = secured.getpeercert(binary_form=True)
    assert theirs is not None  # noqa: S101  it was verified
    return min(own.not_valid_after_utc, x509.load_der_x509_certificate(theirs).not_valid_after_utc)
