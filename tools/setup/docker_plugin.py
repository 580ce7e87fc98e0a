"""The Docker resource plugin of Pulumi."""

import tempfile
from pathlib import Path

from tools.setup import binaries, go_toolchain, official, paths, pins, pulumi_parts
from tools.setup.pulumi_parts import PLUGIN
from tools.setup.step import Log, SetupError, Step


class DockerPlugin(Step):
    name = "docker plugin"
    needs = ("pulumi engine", "language host")
    estimate = "2 min"
    remedy = (
        "as a user of an installed Pulumi: pulumi plugin install resource docker; "
        "or let this machine reach a Go module proxy"
    )

    def check(self) -> str | None:
        return pulumi_parts.plugin()

    def make(self, log: Log) -> str:
        if official.reachable(log) and _download(log):
            return f"official release {pulumi_parts.plugin_version()}"
        flags = f"-X main.version=v{pulumi_parts.plugin_version()}"
        how = binaries.origin(pulumi_parts.plugin_key())
        made = binaries.publish(
            pulumi_parts.plugin_key(),
            lambda aside: go_toolchain.build(log, pins.DOCKER_PLUGIN, ".", aside / PLUGIN, flags),
        )
        binaries.link(PLUGIN, made / PLUGIN, pulumi_parts.plugin_folder())
        binaries.link(PLUGIN, made / PLUGIN)
        return how


def _download(log: Log) -> bool:
    """Pulumi's own installer, into a Pulumi home in the cache that all clones share."""
    version = pulumi_parts.plugin_version()
    home = paths.cache() / "pulumi"
    engine = paths.LINKS / "pulumi"
    command = engine if engine.exists() else binaries.on_path("pulumi")
    if not command:
        return False
    try:
        log.run(
            [command, "plugin", "install", "resource", "docker", f"v{version}"],
            env={"PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except SetupError as error:
        log.say(f"the download failed, building from modules instead: {error}")
        return False
    _adopt(home / "plugins" / f"resource-docker-v{version}")
    return True


def _adopt(downloaded: Path) -> None:
    place = pulumi_parts.plugin_folder()
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        # A folder with a link to a built plugin; set aside, so that a run that is interrupted here finds none.
        with tempfile.TemporaryDirectory(dir=place.parent) as aside:
            place.rename(Path(aside, "old"))
    binaries.link(place.name, downloaded, place.parent)
    binaries.link(PLUGIN, place / PLUGIN)
