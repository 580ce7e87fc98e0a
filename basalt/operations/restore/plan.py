"""What a restore would do and cost: by which backup, and whether the log leads there, says the program beside the
repository (images/backup/drill/plan.py). Touches nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from basalt.operations.repository import BackupsError, Say, ask
from basalt.operations.span import span
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.switchover.hands import HandError
from basalt.operations.switchover.look import look
from basalt.operations.switchover.view import View
from basalt.plan import survey
from basalt.topology.model import Topology

#: How `backup-plan` says that it takes longer.
_WAITS = "waiting "


@dataclass(frozen=True, slots=True)
class Planned:
    """What `backup-plan` says, and on whom it is done. `until`: ISO 8601, UTC, when the last of the log came that is
    archived; `beyond`: what is wanted is later; `last`: name of the newest segment of the newest timeline. `replay` in
    bytes, and `seconds` to restore and to replay, are None where nobody knows."""

    repository: str
    label: str
    ended: str
    bytes: int
    timeline: int
    last: str
    options: tuple[str, ...]
    replay: int | None
    until: str
    beyond: bool
    seconds: float | None
    member: str
    leader: str | None

    @property
    def back(self) -> int:
        """The timeline that is left, on which all that was there before can be had again."""
        return int(self.last[:8], 16)


def wanted(*, at: datetime | None = None, latest: bool = False, **given: str | int | None) -> list[str]:
    """Options of `backup-plan`: `lsn`, `name`, `set`, `timeline`, `repository`, those that are given. `at`: UTC."""
    found = [f"--time={at:%Y-%m-%dT%H:%M:%S.%f}+00:00"] if at else []
    found += [f"--{option}={value}" for option, value in given.items() if value is not None]
    return [*found, "--latest"] if latest else found


def told(planned: Planned, at: datetime | None, now: datetime) -> Iterator[str]:
    """What will be done and lost, in sentences. `at`: UTC."""
    log = "log up to a named point" if planned.replay is None else f"{planned.replay / 1e6:.0f} MB of log at most"
    backup = f"{planned.label} of {planned.repository} (ended {planned.ended}, {planned.bytes / 1e6:.0f} MB)"
    pace = "no drill has measured" if planned.seconds is None else f"about {planned.seconds:.0f} s by the last drills"
    yield f"{backup} is restored on {planned.member}, then {log} replayed"
    yield f"how long that takes: {pace}; all clients are without a database meanwhile, and until a replica follows"
    if "--type=default" in planned.options:
        yield "nothing that is archived is lost"
    else:
        since = f" of the last {span((now - at.replace(tzinfo=UTC)).total_seconds())}" if at else ""
        yield f"lost to the database is all that was committed later{since}; what Redis holds stays as it is"
    yield f"it stays in the repository: basalt restore --latest --timeline {planned.back} takes this back"
    if planned.leader is None:
        yield f"nobody leads now: what was committed after {planned.until or 'the backup'} may not be archived"


def prepare(topology: Topology, wanted: list[str], say: Say | None = None) -> Planned:
    """By which backup, and on which member. `wanted`: options of `backup-plan`. Touches nothing. Raises RefusedError,
    BackupsError, EngineError."""
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        if say is not None and line.startswith(_WAITS):
            say(line)

    try:
        told = json.loads(ask(topology, ["backup-plan", *wanted], hear))
    except BackupsError as error:
        if not heard or heard[-1].startswith(_WAITS):  # it was ended meanwhile
            raise
        raise BackupsError(heard[-1]) from error
    site, view = survey(topology), seen(topology)
    leader = view.leader.name if view and view.leader else None
    # Who led has the most in common with what comes.
    member = leader or site.of("postgres")[0].name
    planned = Planned(**{**told, "options": tuple(told["options"])}, member=member, leader=leader)
    if planned.beyond and leader is None:
        raise RefusedError(f"nothing is archived after {planned.until}, and nobody leads who could; say --latest")
    return planned


def seen(topology: Topology) -> View | None:
    """None where the database cannot be asked any more; that may be why it is restored."""
    try:
        return look(survey(topology))
    except HandError:
        return None
