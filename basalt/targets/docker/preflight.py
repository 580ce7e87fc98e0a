"""What must hold on the engines before anything is changed, as a resource that all others depend on: it asks them when
anything of the plan has changed, and is missing after a refresh that found that it holds no more.

An `up` in which nothing changes asks nothing. As with files, what acts is imported where it acts."""

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

from basalt.targets.acting import LOADING


class _PreflightProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        self._require(props)
        return CreateResult(props["stack"], props)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        self._require(news)
        return UpdateResult(news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=any(olds.get(key) != news[key] for key in ("stack", "network", "hosts", "plan")))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        with LOADING:
            from basalt.targets.docker.obstacles import obstacles

        return ReadResult(None, {}) if obstacles(props) else ReadResult(id_, props)

    @staticmethod
    def _require(props: dict[str, Any]) -> None:
        with LOADING:
            from basalt.targets.docker.obstacles import obstacles

        if found := obstacles(props):
            raise RuntimeError("nothing was changed:\n  " + "\n  ".join(found))


class Preflight(Resource, module="basalt", name="Preflight"):
    """No engine lacks an image of its instances, and nobody else has a port that is to be published, or the network.
    `wanted`: as `wanted.wanted`."""

    def __init__(self, wanted: dict[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(_PreflightProvider(), "preflight", wanted, opts)
