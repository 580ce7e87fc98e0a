"""The authority by which a stack's tcp engines and those who speak to them know each other.

It is there before the first `up`, which needs engines, and outlives the machine that it was made on: like the seed it
is in the stack file, its key encrypted. What is made of it here is in `own_certificates(stack)`: ca.pem, cert.pem and
key.pem, as `docker --tlsverify` has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from basalt import yaml
from basalt.collect.engine import names
from basalt.operations import pulumi
from basalt.operations.environment import ROOT
from basalt.targets.certificates import CLIENT, lasts, make_authority, make_leaf, public, sign
from basalt.topology.load import load_stack, stack_path
from basalt.topology.model import own_certificates

#: Of a stack's configuration: `certificate` in clear, `key` encrypted.
CONFIG = "basalt:engines"
KEY = f"{CONFIG}.key"
#: That a certificate lasts. Only `basalt hosts site` renews it, where a third is left: who does that twice a year
#: is in time.
_DAYS = 730


class EngineCertificateError(Exception):
    """What cannot be signed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a host asked for: `certificate` (PEM), or why it gets none; both are "" where a dry run would sign."""

    certificate: str = ""
    error: str = ""


@dataclass(frozen=True)
class _Files:
    """Of who speaks to the engines."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"


def access(stack: str, *, dry_run: bool) -> bool:
    """Makes the authority where the stack has none, and what opens its engines where that is missing, or a third of its
    life is left. Whether anything was made, or would be. Raises StackError, PulumiError."""
    load_stack(ROOT, stack)
    files = _Files(ROOT / own_certificates(stack))
    authority = _certificate(stack)
    if authority and _holds(files, authority, stack):
        return False
    if not dry_run:
        pulumi.select(stack)
        _put(files, authority or _make(stack), stack)
    return True


def certificates(stack: str, told: Mapping[str, str], *, dry_run: bool) -> dict[str, Signed]:
    """What hosts' engines are to have. `told` holds, by host, the request of its key, and the certificate that it has;
    that is given back where it lasts. Raises StackError, PulumiError, and EngineCertificateError where nothing can be
    signed."""
    topology, authority = load_stack(ROOT, stack), _certificate(stack)
    if unknown := sorted(told.keys() - topology.hosts.keys()):
        there = f"there are: {', '.join(topology.hosts)}"
        raise EngineCertificateError(f"stack {stack} has no host {', '.join(unknown)}; {there}")
    key = cache(lambda: _authority_key(stack))
    found = {}
    for host, text in told.items():
        wanted, has, called = *_blocks(text), names(host, topology.hosts[host])
        try:
            if authority and lasts(has, authority, called, public(x509.load_pem_x509_csr(wanted.encode()))):
                found[host] = Signed(has)
            elif dry_run:
                found[host] = Signed()
            elif not authority:
                raise EngineCertificateError(f"stack {stack} has no authority for its engines; basalt engine-access")
            else:
                found[host] = Signed(sign(wanted, called, _DAYS, authority, key()))
        except ValueError as error:
            found[host] = Signed(error=f"no certificate can be given to the engine of {host}: {error}")
    return found


def _blocks(text: str) -> tuple[str, str]:
    """The request and the certificate in a text; "" where there is none."""
    pattern = r"(-----BEGIN ([A-Z ]+)-----.+?-----END \2-----)(?:\n|\Z)"
    found: dict[str, str] = {kind: f"{block}\n" for block, kind in re.findall(pattern, text, re.S)}
    return found.get("CERTIFICATE REQUEST", ""), found.get("CERTIFICATE", "")


def _certificate(stack: str) -> str:
    """Of the authority; "" where the stack has none yet. Read without Pulumi: it is no secret, and asked for often."""
    config = (yaml.load(stack_path(ROOT, stack).read_text()) or {}).get("config") or {}
    return str((config.get(CONFIG) or {}).get("certificate", ""))


def _authority_key(stack: str) -> str:
    return pulumi.capture("config", "get", "--path", KEY, stack=stack)


def _make(stack: str) -> str:
    """The key first: what has a certificate has both. They go by standard input, not as arguments."""
    made = make_authority(f"basalt {stack} engines")
    for part, how in (("key", "--secret"), ("certificate", "--plaintext")):
        pulumi.capture("config", "set", how, "--path", f"{CONFIG}.{part}", stack=stack, text=made[part])
    return _certificate(stack)


def _holds(files: _Files, authority: str, stack: str) -> bool:
    """Whether all three are there, of this authority, and last."""
    try:
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        held, known = files.certificate.read_text(), files.authority.read_text()
    except (OSError, ValueError):
        return False
    if known != authority or not isinstance(key, ec.EllipticCurvePrivateKey):
        return False
    return lasts(held, authority, [_called(stack)], public(key))


def _called(stack: str) -> str:
    return f"operator-of-{stack}"


def _put(files: _Files, authority: str, stack: str) -> None:
    """The certificate last: without it, all of it is made again."""
    made = make_leaf([_called(stack)], _DAYS, authority, _authority_key(stack), [CLIENT])
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.certificate.unlink(missing_ok=True)
    files.key.unlink(missing_ok=True)
    files.key.touch(mode=0o600)
    files.key.write_text(made["key"])
    files.authority.write_text(authority)
    files.certificate.write_text(made["certificate"])
