"""Builds the images that a stack needs, in parallel, and brings them, and those of registries, to every engine."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker.errors

from basalt.images import contexts, reference
from basalt.site import Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.engine import connect
from basalt.topology.model import Host
from tools.setup import base_image

Say = Callable[[str], None]

#: Two builds at once fill two cores and one network; more only fight.
_PARALLEL = 2

#: Debian's place for authorities that a site adds (update-ca-certificates(8)).
_SITE_AUTHORITIES = Path("/usr/local/share/ca-certificates")


class BuildError(Exception):
    """An image that could not be built; says where the log is."""


def wanted(site: Site) -> list[str]:
    """The local images of a stack, sorted."""
    return sorted({i.workload.image for i in site.instances} & set(contexts()))


def build(images: Iterable[str], log_folder: Path, say: Say) -> None:
    """Builds what the local engine lacks. Raises BuildError naming the first that failed."""
    missing = [image for image in images if not _present(reference(image))]
    log_folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for message in pool.map(lambda image: _build(image, log_folder), missing):
            say(message)


def _present(image: str) -> bool:
    try:
        docker.from_env().images.get(image)
    except docker.errors.ImageNotFound:
        return False
    return True


def _arguments(dockerfile: str) -> dict[str, str]:
    """What a Dockerfile is told: the base, and where it asks, how this site reaches PyPI and Go's modules: authorities
    of a network that inspects TLS (certificates, nothing secret), an index and a proxy of its own."""
    authorities = sorted(_SITE_AUTHORITIES.rglob("*.crt"))
    known = {
        "BASE": base_image.name(),
        "AUTHORITIES": "\n".join(path.read_text().strip() for path in authorities),
        "PIP_INDEX_URL": os.environ.get("PIP_INDEX_URL", ""),
        "GOPROXY": os.environ.get("GOPROXY", ""),
    }
    return {name: value for name, value in known.items() if value and f"ARG {name}\n" in dockerfile}


def _build(image: str, log_folder: Path) -> str:
    started = time.monotonic()
    log = log_folder / f"image-{image}.log"
    told = _arguments((contexts()[image] / "Dockerfile").read_text())
    flags = [word for name, value in told.items() for word in ("--build-arg", f"{name}={value}")]
    command = ["docker", "build", "--tag", reference(image), *flags]
    with log.open("w") as out:
        # The classic builder: BuildKit is a plugin of its own that Debian's engine does not bring.
        environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
        done = subprocess.run(
            [*command, str(contexts()[image])], stdout=out, stderr=subprocess.STDOUT, check=False, env=environment
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise BuildError(f"image {image} could not be built; the end of {log}:\n{tail}")
    return f"{reference(image)} built in {time.monotonic() - started:.0f} s"


def distribute(site: Site, say: Say) -> None:
    """Brings images to the engines that lack them: those built here are copied, so that a host needs no registry for
    them; all others are pulled from theirs. BuildError when one cannot be brought."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for messages in pool.map(lambda name: (_copy(site, name), *_pull(site, name)), site.topology.hosts):
            for message in filter(None, messages):
                say(message)


def _pull(site: Site, name: str) -> Iterator[str]:
    host = site.topology.hosts[name]
    for image in sorted({i.workload.image for i in site.instances if i.host == name} - set(contexts())):
        if _has(host, reference(image)):
            continue
        started = time.monotonic()
        try:
            connect(describe(host)).images.pull(image)
        except docker.errors.APIError as error:
            remedy = "name an image that its registry gives, or the folder of images/ that builds one here"
            raise BuildError(f"{name} cannot pull image {image}: {error.explanation or error}; {remedy}") from None
        yield f"{image} pulled to {name} in {time.monotonic() - started:.0f} s"


def _copy(site: Site, name: str) -> str:
    host = site.topology.hosts[name]
    images = sorted({i.workload.image for i in site.instances if i.host == name} & set(contexts()))
    missing = [image for image in map(reference, images) if not _has(host, image)]
    if not missing:
        return ""
    started = time.monotonic()
    # All in one archive: each of them alone would bring the layers that they share.
    with subprocess.Popen(["docker", "save", *missing], stdout=subprocess.PIPE) as saved:
        assert saved.stdout is not None  # noqa: S101  a pipe
        connect(describe(host)).images.load(saved.stdout)
    if saved.returncode:
        raise BuildError(f"docker save {' '.join(missing)} ended with {saved.returncode}: {name} lacks some")
    return f"{len(missing)} images copied to {name} in {time.monotonic() - started:.0f} s: {', '.join(missing)}"


def _has(host: Host, image: str) -> bool:
    try:
        connect(describe(host)).images.get(image)
    except docker.errors.ImageNotFound:
        return False
    return True
