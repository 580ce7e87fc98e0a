"""What a stack is, beside its backups: its stack file, whose secrets stay encrypted with the stack's passphrase, and by
which code and images it was brought up. Signed by a secret of the stack that is kept elsewhere too (access.py): whoever
may write into the bucket cannot have another stack made of it."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, replace

#: In the repository, beside pgBackRest's own folders.
PATH = "bundle/stack.json"
#: Of the secret that signs.
KEY = "bundle"


class BundleError(Exception):
    """No bundle, or one that is not this stack's."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`at`: ISO 8601, UTC. `commit`: of basalt. `images`: by name, as they were tagged. `file`: the stack file."""

    stack: str
    at: str
    commit: str
    images: dict[str, str]
    file: str
    signature: str = ""


def sign(bundle: Bundle, key: str) -> str:
    """As it is stored."""
    return json.dumps(asdict(replace(bundle, signature=_signature(bundle, key))), indent=1, sort_keys=True) + "\n"


def read(text: str, stack: str) -> Bundle:
    """A bundle that nobody has verified yet. BundleError."""
    try:
        bundle = Bundle(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise BundleError(f"what the bucket holds is no bundle: {error}") from None
    if bundle.stack != stack:
        raise BundleError(f"the bundle is of stack {bundle.stack}, not of {stack}; name its folder with `path`")
    return bundle


def verify(bundle: Bundle, key: str) -> None:
    """BundleError unless it was signed with the key."""
    if not hmac.compare_digest(_signature(bundle, key), bundle.signature):
        raise BundleError("the bundle's signature is not this stack's: somebody has changed it; nothing was made of it")


def _signature(bundle: Bundle, key: str) -> str:
    told = json.dumps(asdict(replace(bundle, signature="")), sort_keys=True).encode()
    return hmac.new(key.encode(), told, hashlib.sha256).hexdigest()
