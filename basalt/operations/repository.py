"""Commands of the container beside the backup repository."""

from collections.abc import Callable, Iterator

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from basalt.plan import survey
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import connect
from basalt.topology.model import Topology

Say = Callable[[str], None]


class BackupsError(Exception):
    """Nobody can tell of backups now."""


def ask(topology: Topology, command: list[str], say: Say | None = None, *, ends_with: tuple[int, ...] = (0,)) -> str:
    """What it prints to standard output; its error output is said line by line. Raises BackupsError, which ends with
    what was said where nobody listened, and EngineError."""
    printed: list[bytes] = []
    follow(topology, command, printed.append, say, ends_with=ends_with)
    return b"".join(printed).decode(errors="replace")


def follow(
    topology: Topology,
    command: list[str],
    take: Callable[[bytes], object],
    say: Say | None = None,
    *,
    ends_with: tuple[int, ...] = (0,),
) -> None:
    """As `ask`, with what it prints given to `take` piece by piece."""
    site = survey(topology)
    schedulers = site.of("backup-scheduler")
    if not schedulers:
        raise BackupsError(f"stack {topology.name} takes no backups; declare services.backup")
    scheduler = schedulers[0]
    said: list[str] = []
    try:
        container = connect(describe(site.host(scheduler))).containers.get(container_name(site, scheduler))
        code = _run(container, command, take, say or said.append)
    except (NotFound, APIError) as error:
        raise BackupsError(f"{scheduler.name}: {error}; is the stack up? basalt status") from error
    if code not in ends_with:
        why = " ".join(said).strip() or f"`{' '.join(command)}` ended with {code}"
        raise BackupsError(f"{scheduler.name}: {why}")


def _run(container: Container, command: list[str], take: Callable[[bytes], object], say: Say) -> int:
    api = container.client.api  # type: ignore[union-attr]
    run_id = api.exec_create(container.id, command)["Id"]
    for line in _lines(api.exec_start(run_id, stream=True, demux=True), take):
        say(line)
    return int(api.exec_inspect(run_id)["ExitCode"])


def _lines(chunks: Iterator[tuple[bytes | None, bytes | None]], take: Callable[[bytes], object]) -> Iterator[str]:
    """Whole lines of the error output."""
    rest = b""
    for printed, told in chunks:
        take(printed or b"")
        *lines, rest = (rest + (told or b"")).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
    if rest:
        yield rest.decode(errors="replace")
