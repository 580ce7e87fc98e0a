"""What opens the bucket when nothing else is left: the block `services.backup.s3` with the key's secret part, and by
what its bundle is verified. To be kept where neither the stack nor the bucket is; the stack's passphrase belongs beside
it."""

from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from basalt.operations.off_site.bundle import BundleError
from basalt.services.backup.settings import S3


@dataclass(frozen=True, slots=True)
class Access:
    """`secret`: the secret part of `s3.key`. `bundle`: by which bundles are signed. It is kept here, as what the bucket
    holds cannot vouch for itself."""

    s3: S3
    secret: str
    bundle: str


def write(access: Access) -> str:
    """YAML."""
    told = {"s3": access.s3.model_dump(exclude_none=True), "secret": access.secret, "bundle": access.bundle}
    return yaml.safe_dump(told, sort_keys=False)


def read(text: str) -> Access:
    """From what `write` wrote. BundleError says what is wrong with it; the secret is not in it."""
    try:
        told: Any = yaml.safe_load(text)
        return Access(S3.model_validate(told["s3"]), str(told["secret"]), str(told["bundle"]))
    except (yaml.YAMLError, ValidationError, KeyError, TypeError) as error:
        why = type(error).__name__
        if isinstance(error, ValidationError):
            why = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise BundleError(f"not what `basalt bundle --access` prints ({why})") from None
