"""`basalt drill`: a backup is restored into a throw-away PostgreSQL, by the program beside the repository
(images/backup/drill)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from basalt.operations.backups import BackupsError
from basalt.plan import survey
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import connect, describe
from basalt.topology.model import Topology

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Drill:
    """`started`: ISO 8601 without punctuation, UTC. `seconds` of all its steps. `fault`: the step that failed; None
    when the backup is proved. `evidence`: the whole report."""

    started: str
    which: str
    label: str | None
    bytes: int
    seconds: float
    fault: str | None
    why: str | None
    evidence: dict[str, Any]


def run(topology: Topology, label: str | None, say: Say, *, older: bool) -> Drill:
    """Says each step as it begins. Raises BackupsError, EngineError."""
    which = ["--older"] if older else [f"--set={label}"] if label else []
    printed = _execute(topology, ["backup-drill", "--json", *which], say, ends_with={0, 1})
    return _drill(json.loads(printed))


def kept(topology: Topology) -> list[Drill]:
    """Those whose reports are kept, the newest first. Raises BackupsError, EngineError."""
    printed = _execute(topology, ["backup-drill", "--list"], lambda _: None, ends_with={0})
    return [_drill(report) for report in reversed(json.loads(printed))]


def _drill(report: dict[str, Any]) -> Drill:
    named = {name: report[name] for name in ("started", "which", "label", "bytes", "fault", "why")}
    return Drill(**named, seconds=round(sum(report["seconds"].values()), 1), evidence=report)


def _execute(topology: Topology, command: list[str], say: Say, *, ends_with: set[int]) -> str:
    """What it prints to standard output; its error output is said line by line."""
    site = survey(topology)
    schedulers = site.of("backup-scheduler")
    if not schedulers:
        raise BackupsError(f"stack {topology.name} takes no backups; declare services.backup")
    scheduler = schedulers[0]
    try:
        container = connect(describe(site.host(scheduler))).containers.get(container_name(site, scheduler))
        output, code = _follow(container, command, say)
    except (NotFound, APIError) as error:
        raise BackupsError(f"{scheduler.name}: {error}; is the stack up? basalt status") from error
    if code not in ends_with:
        raise BackupsError(f"{scheduler.name}: `{' '.join(command)}` ended with {code}: {output.strip()}")
    return output


def _follow(container: Container, command: list[str], say: Say) -> tuple[str, int]:
    api = container.client.api  # type: ignore[union-attr]
    run_id = api.exec_create(container.id, command)["Id"]
    output: list[bytes] = []
    for line in _lines(api.exec_start(run_id, stream=True, demux=True), output):
        say(line)
    return b"".join(output).decode(errors="replace"), int(api.exec_inspect(run_id)["ExitCode"])


def _lines(chunks: Iterator[tuple[bytes | None, bytes | None]], output: list[bytes]) -> Iterator[str]:
    """Whole lines of the error output; standard output goes to `output`."""
    rest = b""
    for printed, told in chunks:
        output.append(printed or b"")
        *lines, rest = (rest + (told or b"")).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
    if rest:
        yield rest.decode(errors="replace")
