"""What runs Pulumi programs and dynamic providers in Python.

The host's own module is not on the Go module proxy; up to sdk/v3 v3.79.0 it was a package of the SDK's module, and that
one serves current engines. The scripts beside it are the current SDK's.
"""

import json
import shutil
import subprocess
from pathlib import Path

from tools.setup import binaries, go_toolchain, official, pins, pulumi_parts
from tools.setup.pulumi_parts import BUNDLE, HOST, SCRIPTS
from tools.setup.step import Log, SetupError, Step

_PACKAGE = f"{pulumi_parts.SDK}/python/cmd/{HOST}"


class LanguageHost(Step):
    name = "language host"
    needs = ("pulumi engine",)
    estimate = "30 s"
    remedy = (
        "install Pulumi yourself (https://www.pulumi.com/docs/install/), or let this machine reach a Go module proxy"
    )

    def check(self) -> str | None:
        return pulumi_parts.host()

    def make(self, log: Log) -> str:
        release = official.download(log)
        how = f"official release {official.version()}" if release else binaries.origin(pulumi_parts.bundle_key())
        made = release or binaries.publish(pulumi_parts.bundle_key(), lambda aside: _bundle(log, aside))
        for name in BUNDLE:
            binaries.link(name, made / name)
        return how


def _bundle(log: Log, aside: Path) -> None:
    engine = binaries.folder(pulumi_parts.engine_key()) / "pulumi"
    if not engine.exists():
        raise SetupError("there is no engine to put beside it; make the step pulumi-engine first")
    (aside / "pulumi").hardlink_to(engine)
    go_toolchain.build(log, pins.LANGUAGE_HOST, _PACKAGE, aside / HOST, "")
    sdk = _module_folder(log)
    for folder, name in zip(("cmd", "dist"), SCRIPTS, strict=True):
        # The module cache is read-only and its files are not executable.
        shutil.copyfile(sdk / "python" / folder / name, aside / name)
        (aside / name).chmod(0o755)


def _module_folder(log: Log) -> Path:
    """Where Go keeps the SDK's module, downloaded and verified against the engine's go.sum."""
    done = subprocess.run(
        [go_toolchain.ensure(log), "mod", "download", "-json", pulumi_parts.SDK],
        cwd=pins.ENGINE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(f"go mod download {pulumi_parts.SDK}: {done.stderr or done.stdout}")
    return Path(json.loads(done.stdout)["Dir"])
