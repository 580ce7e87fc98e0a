"""Chromium without a window, looking at a page of the stack. Installed from Debian where it is missing."""

import base64
import hashlib
import shutil
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tools.setup import apt, paths
from tools.setup.step import Log

_SIZE = "1000,900"


@dataclass(frozen=True)
class Sight:
    """`dom`: the page as it is after loading; `complaints`: what it was refused or failed to do."""

    dom: str
    complaints: list[str]


def look(url: str, tls: ssl.SSLContext, picture: Path) -> Sight:
    """Loads a page twice: for its text, and for a picture (PNG). AssertionError where the browser fails."""
    _install()
    profile = picture.with_suffix(".profile")
    flags = [
        "--headless",
        "--no-sandbox",  # refuses to work as root with one; it only meets the stack's own pages
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        f"--user-data-dir={profile}",
        f"--window-size={_SIZE}",
        f"--ignore-certificate-errors-spki-list={_key(url, tls)}",
    ]
    try:
        shown = _run([*flags, "--dump-dom", url])
        _run([*flags, f"--screenshot={picture}", url])
    finally:
        shutil.rmtree(profile, ignore_errors=True)
    return Sight(shown.stdout, [line for line in shown.stderr.splitlines() if "CONSOLE" in line])


def _run(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(["chromium", *arguments], text=True, capture_output=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done


def _install() -> None:
    if not shutil.which("chromium"):
        apt.install(Log(paths.LOCAL / "logs" / "test-browser.log"), ["chromium", "fonts-dejavu-core"])


def _key(url: str, tls: ssl.SSLContext) -> str:
    """The key that the server has just proved to who trusts the stack's authority; the browser takes no other."""
    where = urlsplit(url)
    assert where.hostname
    with (
        socket.create_connection((where.hostname, where.port or 443), 10) as plain,
        tls.wrap_socket(plain, server_hostname=where.hostname) as secured,
    ):
        proved = secured.getpeercert(binary_form=True)
    assert proved
    public = x509.load_der_x509_certificate(proved).public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
