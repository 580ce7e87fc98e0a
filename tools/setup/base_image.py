"""The base of every image: Debian 13 (trixie), from the registry or made from packages."""

import hashlib
import io
import os
import tarfile
import tempfile
from pathlib import Path

from tools.setup import apt, engine_api, network, paths
from tools.setup.step import Log, Step

SUITE = "trixie"
REGISTRY = ("registry-1.docker.io", 443)
UPSTREAM = f"debian:{SUITE}-slim"
_PULL_SECONDS = 300
_BUILD_SECONDS = 600
_DOCKERFILE = paths.REPOSITORY / "images" / "base" / "Dockerfile"

# What debian:trixie-slim leaves out too (debuerreotype's .slimify-excludes).
_EXCLUDES = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*")
_INCLUDES = ("/usr/share/doc/*/copyright",)


def mirror() -> str:
    return os.environ.get("BASALT_DEBIAN_MIRROR", "http://deb.debian.org").rstrip("/")


def sources(suite: str = SUITE) -> str:
    """APT's one-line format, in which mmdebstrap takes it as an argument as well."""
    return "\n".join(
        (
            f"deb {mirror()}/debian {suite} main",
            f"deb {mirror()}/debian {suite}-updates main",
            f"deb {mirror()}/debian-security {suite}-security main",
        )
    )


def name(suite: str = SUITE) -> str:
    inputs = (sources(suite), *_EXCLUDES, *_INCLUDES, _DOCKERFILE.read_text())
    return f"basalt/base:{suite}-{hashlib.sha256(chr(0).join(inputs).encode()).hexdigest()[:12]}"


class BaseImage(Step):
    name = "base image"
    needs = ("docker engine",)
    estimate = "30 s"
    remedy = "let this machine reach a Debian mirror (BASALT_DEBIAN_MIRROR=http://host) or the registry docker.io"

    def check(self) -> str | None:
        found = engine_api.image_id(name())
        return f"{name()} ({found.removeprefix('sha256:')[:12]})" if found else None

    def make(self, log: Log) -> str:
        if network.reachable(*REGISTRY) and _pull(log):
            _build(log)
            return f"{name()} from {UPSTREAM}"
        bootstrap(log)
        return f"{name()} made of packages"


def _pull(log: Log) -> bool:
    """False when the registry does not give it (a rate limit, a proxy): packages are the other way."""
    try:
        path = f"/images/create?fromImage=debian&tag={SUITE}-slim"
        answer = engine_api.call("POST", path, timeout=_PULL_SECONDS)
    except OSError as error:
        log.say(f"{UPSTREAM}: {error}")
        return False
    log.say(answer[1].decode(errors="replace"))
    return answer[0] == 200 and engine_api.image_id(UPSTREAM) is not None


def _build(log: Log) -> None:
    """Add to the registry's image what the bootstrapped one has."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        tar.add(_DOCKERFILE, "Dockerfile")
        listed = tarfile.TarInfo("sources.list")
        listed.size = len(sources().encode()) + 1
        tar.addfile(listed, io.BytesIO(sources().encode() + b"\n"))
    answer = engine_api.call("POST", f"/build?t={name()}&rm=1&forcerm=1", context.getvalue(), timeout=_BUILD_SECONDS)
    log.say(engine_api.expect(answer, f"building {name()}"))


def bootstrap(log: Log, suite: str = SUITE) -> None:
    """Makes `name(suite)` of packages."""
    apt.ensure(log, {"mmdebstrap": "mmdebstrap"})
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        apt.install(log, ["debian-archive-keyring"])
    with tempfile.TemporaryDirectory(prefix="basalt-base-") as folder:
        tarball = Path(folder, "base.tar")
        log.run(_mmdebstrap(tarball, suite))
        repository, tag = name(suite).split(":")
        path = f"/images/create?fromSrc=-&repo={repository}&tag={tag}&changes=CMD%20%5B%22bash%22%5D"
        with tarball.open("rb") as file:
            answer = engine_api.call("POST", path, file, timeout=_BUILD_SECONDS)
        log.say(engine_api.expect(answer, f"importing {name(suite)}"))


def _mmdebstrap(tarball: Path, suite: str) -> list[str]:
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDES]
    options += [f"--dpkgopt=path-include={pattern}" for pattern in _INCLUDES]
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--include=ca-certificates",
        "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
        "--aptopt=Acquire::Retries 3",
        *options,
        suite,
        str(tarball),
        *sources(suite).splitlines(),
    ]
