"""The stack's own certificate authorities, as resources."""

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

from basalt.targets.acting import LOADING


class _AuthorityProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        # Here, because a run that makes none has no use for the library: a tenth of a second of its provider's start.
        with LOADING:
            from basalt.targets.certificates import make_authority

        return CreateResult(props["common"], {**props, **make_authority(props["common"])})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=False)  # a new authority is a rotation, never a side effect


class AuthorityResource(Resource, module="basalt", name="Authority"):
    """A certificate authority. Its key never leaves the encrypted state."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name: str, common: str, opts: pulumi.ResourceOptions | None = None) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["key"])
        inputs = {"common": common, "certificate": None, "key": None}
        super().__init__(_AuthorityProvider(), name, inputs, pulumi.ResourceOptions.merge(opts, secret))
