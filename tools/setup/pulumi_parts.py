"""Which binaries make up Pulumi here, and where each is expected. Nothing in this file changes the machine."""

from pathlib import Path

from tools.setup import binaries, official, paths, pins, sources

# The scripts that run a program and a dynamic provider belong to the SDK, the host that starts them is apart.
SCRIPTS = ("pulumi-language-python-exec", "pulumi-resource-pulumi-python")
HOST = "pulumi-language-python"
BUNDLE = ("pulumi", HOST, *SCRIPTS)
PLUGIN = "pulumi-resource-docker"
SDK = "github.com/pulumi/pulumi/sdk/v3"


def engine_key() -> str:
    return f"pulumi-{official.version()}-" + pins.key(pins.sources(pins.ENGINE), "engine")


def bundle_key() -> str:
    """Engine, language host and scripts in one folder, as in a release: beside itself the engine finds a host on every
    PATH, and also where plugins on PATH are to be ignored."""
    files = [*pins.sources(pins.LANGUAGE_HOST), *pins.sources(pins.ENGINE)]
    return f"pulumi-{official.version()}-" + pins.key(files, "bundle")


def plugin_version() -> str:
    return pins.requirement("pulumi-docker")


def plugin_key() -> str:
    return f"{PLUGIN}-{plugin_version()}-" + pins.key(pins.sources(pins.DOCKER_PLUGIN), plugin_version())


def plugin_folder() -> Path:
    """Where Pulumi looks for an installed plugin. A link on PATH is for those who do not use this clone's Pulumi home;
    there each use of it is a warning in every update."""
    return paths.PULUMI_HOME / "plugins" / f"resource-docker-v{plugin_version()}"


def engine() -> str | None:
    for key, how in ((official.key(), "official"), (bundle_key(), "built"), (engine_key(), "built")):
        if binaries.linked("pulumi", binaries.folder(key) / "pulumi"):
            return f"{official.version()} at {paths.LINKS / 'pulumi'} ({how})"
    found = _installed()
    version = binaries.version_of(found, "version") if found else None
    return f"{version} at {found}" if version and pins.compatible(version, official.version()) else None


def host() -> str | None:
    for key, how in ((official.key(), "official"), (bundle_key(), "built")):
        if all(binaries.linked(name, binaries.folder(key) / name) for name in BUNDLE):
            return f"{paths.LINKS / HOST} ({how})"
    found = _installed()
    return str(found.resolve().with_name(HOST)) if found else None


def _installed() -> Path | None:
    """The machine's own engine, unless this clone has links to another one. One without its host is no release."""
    if (paths.LINKS / "pulumi").is_symlink() or sources.only_build():
        return None
    found = binaries.on_path("pulumi")
    return found if found and found.resolve().with_name(HOST).exists() else None


def plugin() -> str | None:
    place = plugin_folder() / PLUGIN
    built = binaries.folder(plugin_key()) / PLUGIN
    if binaries.linked(PLUGIN, built, plugin_folder()) and binaries.linked(PLUGIN, built):
        return f"{plugin_version()} at {place} (built)"
    # A download is a linked folder; a linked file is a build, from other sources than the ones here.
    downloaded = plugin_folder().is_symlink() and binaries.linked(PLUGIN, place)
    return f"{plugin_version()} at {place} (official)" if downloaded and not sources.only_build() else None


def complete() -> bool:
    return all(part() for part in (engine, host, plugin))
