"""`basalt restore`: the database of a stack becomes what it was at a moment.

Nothing is touched before it is known that the log leads there. Then what is not archived yet is handed over, so that
this too can be taken back; every member is stopped; one gets an order into its volume, and by it begins the cluster
anew (images/postgres/bin); the others follow it, rewound or copied. When this process dies half-way, the database
stands still or is as it was: calling it again goes on."""

import io
import json
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from requests import RequestException

from basalt.operations import database, local_state
from basalt.operations.repository import BackupsError, ask
from basalt.operations.restore.plan import Planned, prepare, seen
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.tar import archive
from basalt.plan import survey
from basalt.site import Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import EngineError, connect
from basalt.topology.model import Topology

Say = Callable[[str], None]

_VOLUME, _ORDER = "/var/lib/postgresql", "restore"
#: The order of members that do not begin the cluster (images/postgres/bin/postgres-member).
FOLLOW = "follow\n"
_STOP = 70  # seconds; more than Patroni may take (services/postgres/plan.py)
_ARCHIVED = 120.0  # seconds until what was written last is in the repository
_FOLLOW = 3600.0  # seconds for which the others may copy
_LOOK = 1.0
_STATE = ("curl", "-sS", "--cacert", "/etc/basalt/tls/control/ca.crt", "https://localhost:8008/patroni")
_LEADS = ("curl", "-fsS", "-o", "/dev/null", *_STATE[2:4], "https://localhost:8008/primary")

#: What stands when a step fails, and what to do.
_STOPPED = "it is not restored, and members may be stopped: mend that, and say it again"
_SERVES = "it IS restored and takes writes, do not restore again: docker start its members, then basalt database apply"
_WHOLE = "it IS restored and whole, do not restore again: mend that, then basalt backup --full"

#: A commit after everything: up to a moment is replayed what a later commit shows to be complete. Then the segment it
#: is in, which is closed.
_CLOSE = "SELECT pg_current_xact_id()", "SELECT pg_walfile_name(pg_switch_wal())"


class RestoreError(Exception):
    """It failed after something was changed; says what stands now and what to do."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was done. `seconds` until it takes writes, until all follow, and until a new backup is there."""

    label: str
    member: str
    seconds: dict[str, float]


def restore(topology: Topology, wanted: list[str], say: Say) -> Report:
    """RefusedError, BackupsError and EngineError while nothing is changed, RestoreError after."""
    local_state.locked(topology.name)
    site, planned = survey(topology), prepare(topology, wanted, say)
    names = [member.name for member in site.of("postgres")]
    missing = [name for name in names if _found(site, name) is None]
    if missing:
        raise RefusedError(f"there is no container of {', '.join(missing)}: `basalt up` makes it. Nothing was changed")
    member = planned.leader or next((name for name in names if _begins(_container(site, name))), planned.member)
    if planned.leader:
        say(f"{planned.leader} hands over what is not archived yet")
        planned = _handed_over(topology, site, planned, wanted)
        if planned.beyond:
            raise RefusedError("that moment is still to come; moments are UTC. Nothing was changed")
    return _Course(topology, site, replace(planned, member=member), say).run()


def _found(site: Site, name: str) -> Container | None:
    try:
        return _container(site, name)
    except NotFound:
        return None


def _begins(container: Container) -> bool:
    """Whether it has an order of an earlier call: then its data are half restored, and nobody else's are."""
    try:
        chunks, _ = container.get_archive(f"{_VOLUME}/{_ORDER}")
    except NotFound:
        return False
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        file = tar.extractfile(_ORDER)
        return file is not None and file.read() not in (b"", FOLLOW.encode())


def _handed_over(topology: Topology, site: Site, planned: Planned, wanted: list[str]) -> Planned:
    """Planned anew when all that was committed is in the repository. RefusedError."""
    container = _container(site, str(planned.leader))
    segment = [_sql(container, statement) for statement in _CLOSE][-1]
    deadline = time.monotonic() + _ARCHIVED
    # Names of segments grow, and no timeline is greater than the leader's.
    while (planned := prepare(topology, wanted)).last < segment:
        if time.monotonic() > deadline:
            remedy = "mend that, or stop the members yourself to give up what is not there (docker stop)"
            raise RefusedError(f"{planned.repository} has no {segment} after {_ARCHIVED:.0f} s: {remedy}")
        time.sleep(_LOOK)
    return planned


def _sql(container: Container, statement: str) -> str:
    command = ["psql", "-h", "/run/postgresql", "-XAtc", statement]
    code, output = container.exec_run(command)
    told = bytes(output).decode(errors="replace").strip()  # type: ignore[arg-type]
    if code:
        raise RefusedError(f"{container.name}: {told}; nothing was changed")
    return told


@contextmanager
def _mended(remedy: str) -> Iterator[None]:
    """What fails is told with what stands."""
    try:
        yield
    except (APIError, NotFound, EngineError, RequestException, BackupsError, database.DatabaseError) as error:
        raise RestoreError(f"{error}; {remedy}") from error


@dataclass(slots=True)
class _Course:
    """From here on there is no way but forward."""

    topology: Topology
    site: Site
    planned: Planned
    say: Say

    def run(self) -> Report:
        started = time.monotonic()
        first, others = self.planned.member, [m.name for m in self.site.of("postgres") if m.name != self.planned.member]
        marks: dict[str, float] = {}

        def mark(step: str) -> None:
            marks[step] = round(time.monotonic() - started, 1)

        with _mended(_STOPPED):
            self._stop([*others, first])
            # They would elect one of themselves with what they had.
            self._each(others, lambda container: _put(container, FOLLOW))
            self._each([first], lambda container: _put(container, "\n".join(self.planned.options) + "\n"))
            self._start([first])
            self._wait(first)
        mark("leads")
        self.say(f"{first} takes writes after {marks['leads']} s")
        with _mended(_SERVES):
            self._start(others)
            self._follow({first, *others})
            mark("whole")
            self.say("passwords, roles and databases become what is declared")
            database.run(self.topology, database.Action.APPLY, self.say)
        self.say("a new backup is taken: those of what was left behind lead no further")
        with _mended(_WHOLE):
            ask(self.topology, ["backup-take", "full"], self.say)
        mark("backup")
        return Report(self.planned.label, first, marks)

    def _stop(self, names: list[str]) -> None:
        """The leader last, so that nobody is elected meanwhile."""
        *others, leader = names
        self.say(f"{', '.join(names)} are stopped")
        self._each(others, lambda container: container.stop(timeout=_STOP))
        self._each([leader], lambda container: container.stop(timeout=_STOP))

    def _start(self, names: list[str]) -> None:
        self._each(names, lambda container: container.start())

    def _each(self, names: list[str], act: Callable[[Container], object]) -> None:
        if names:
            with ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(lambda name: act(_container(self.site, name)), names))

    def _wait(self, name: str) -> None:
        """Until it leads. RestoreError when its bootstrap fails."""
        said, begun = "", _container(self.site, name).attrs["RestartCount"]
        while True:
            container = _container(self.site, name)
            if container.attrs["RestartCount"] > begun or container.status != "running":
                why = _grave(container.logs(tail=400).decode(errors="replace").splitlines())
                container.stop(timeout=_STOP)
                back = f"basalt restore --stack {self.topology.name} --latest --timeline {self.planned.back}"
                raise RestoreError(
                    f"{name} could not be restored: {why}. The database is stopped. Back to its end: {back}"
                )
            try:
                if container.exec_run(list(_LEADS))[0] == 0:
                    return
                state = _state(container)
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                continue  # it has ended since it was looked at; the next look tells
            if state != said:
                self.say(f"{name}: {state}")
                said = state
            time.sleep(_LOOK)

    def _follow(self, names: set[str]) -> None:
        """Until all are there and follow."""
        said, deadline = "", time.monotonic() + _FOLLOW
        while (view := seen(self.topology)) is None or not view.whole or {m.name for m in view.members} != names:
            if time.monotonic() > deadline:
                raise RestoreError(f"not all follow after {_FOLLOW:.0f} s ({view}); see: patronictl list")
            if view is not None and str(view) != said:
                said = str(view)
                self.say(said)
            time.sleep(_LOOK)


def _put(container: Container, order: str) -> None:
    """Into the volume of one that is stopped."""
    if not container.put_archive(_VOLUME, archive({_ORDER: order})):
        raise RestoreError(f"{container.name} does not take the order; nothing was restored, the members are stopped")


def _state(container: Container) -> str:
    """In Patroni's words."""
    code, output = container.exec_run(list(_STATE))
    try:
        return str(json.loads(bytes(output))["state"]) if code == 0 else "starts"  # type: ignore[arg-type]
    except (ValueError, KeyError):
        return "starts"


def _grave(lines: Iterable[str]) -> str:
    grave = [line.strip() for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR:", "[ERROR]"))]
    return " | ".join(list(dict.fromkeys(grave))[-3:]) or "it ended without a word"


def _container(site: Site, name: str) -> Container:
    instance = next(one for one in site.of("postgres") if one.name == name)
    return connect(describe(site.host(instance))).containers.get(container_name(site, instance))
