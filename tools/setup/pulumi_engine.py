"""The Pulumi engine and command."""

from tools.setup import binaries, go_toolchain, official, pins, pulumi_parts
from tools.setup.step import Log, Step

_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


class PulumiEngine(Step):
    name = "pulumi engine"
    needs = ("go toolchain",)
    estimate = "4 min"
    remedy = (
        "install Pulumi yourself (https://www.pulumi.com/docs/install/), or let this machine reach a Go module proxy"
    )

    def check(self) -> str | None:
        return pulumi_parts.engine()

    def make(self, log: Log) -> str:
        if release := official.download(log):
            binaries.link("pulumi", release / "pulumi")
            return f"official release {official.version()}"
        flags = f"-X {_VERSION}=v{official.version()}"
        how = binaries.origin(pulumi_parts.engine_key())
        made = binaries.publish(
            pulumi_parts.engine_key(),
            lambda aside: go_toolchain.build(log, pins.ENGINE, _PACKAGE, aside / "pulumi", flags),
        )
        binaries.link("pulumi", made / "pulumi")
        return how
