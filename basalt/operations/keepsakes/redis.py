"""`basalt restore-redis`: the keys of Redis become what they were at a moment.

What is there now is kept first, so that this too can be taken back. The replicas stop, then the master, so that no
sentinel finds anybody to put in its place; the master gets the file into its volume and begins with it
(images/redis/bin/redis-member); when every sentinel calls it well, the others start and copy it."""

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import BinaryIO, NoReturn, cast

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from requests import RequestException

from basalt.operations import local_state
from basalt.operations.keepsakes import catalogue
from basalt.operations.keepsakes.catalogue import Kept
from basalt.operations.repository import BackupsError, Say
from basalt.operations.restore.run import RestoreError
from basalt.operations.switchover.decide import RefusedError
from basalt.operations.tar import archived
from basalt.plan import survey
from basalt.site import Instance, Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import EngineError, connect
from basalt.topology.model import Topology

VOLUME, ORDER = "/var/lib/redis", "restore.rdb"

_STOP = 40  # seconds; more than a member may take (services/redis/plan.py)
_LOOK = 0.5
_LOADS, _FOLLOW = 1800.0, 1800.0  # seconds
_AGREE = 60.0
#: More replicas than there can be: a master that needs so many to write refuses every write.
_NEEDED, _TOO_MANY = "min-replicas-to-write", 99

_STOPPED = "what was there is not lost: docker start its members, or say it again"
_ORDERED = "when it starts it begins with what is to be restored: mend it, or say it again with what was kept first"
_SERVES = "it IS restored and takes writes where a replica follows: docker start the others"


@dataclass(frozen=True, slots=True)
class Members:
    """By name. `master`: None where nobody says that he is."""

    members: Mapping[str, Container]
    sentinels: Mapping[str, Container]
    master: str | None

    @property
    def first(self) -> str:
        """On whom it is restored."""
        return self.master or next(iter(self.members))


@dataclass(slots=True)
class Report:
    """What was done. `before`: label of what was kept of what was there, None where there was nobody to ask. `seconds`
    until it serves reads, and until all follow."""

    label: str
    member: str
    before: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def told(kept: Kept, members: Members, now: datetime) -> Iterator[str]:
    """What will be done and lost, in sentences."""
    yield (
        f"redis of {kept.at} in {kept.repository} ({kept.bytes / 1e6:.1f} MB) becomes what {members.first} holds, "
        "and the others copy it; clients are without Redis meanwhile"
    )
    yield (
        f"lost is what was written in the last {kept.age(now)}: sessions, limits, jobs; "
        "what was done since is queued again, and will be done again"
    )
    if members.master:
        yield "what it holds now is kept first; restore-redis takes this back with the label that is told in the end"
    else:
        yield "no member says that it is the master: what they hold is NOT kept first, and cannot be had again"


def look(topology: Topology) -> Members:
    """Who is there, and who is the master. RefusedError where that is not clear; EngineError."""
    site = survey(topology)
    members, sentinels = _containers(site, site.of("redis")), _containers(site, site.of("redis-sentinel"))
    if not members:
        raise RefusedError(f"stack {topology.name} has no Redis; declare services.redis")
    masters = [name for name, one in members.items() if role(one)[:1] == ["master"]]
    if len(masters) > 1:
        raise RefusedError(f"{' and '.join(masters)} are masters at once: follow RedisTwoMasters first")
    return Members(members, sentinels, masters[0] if masters else None)


def _containers(site: Site, instances: tuple[Instance, ...]) -> dict[str, Container]:
    found: dict[str, Container] = {}
    for one in instances:
        try:
            found[one.name] = connect(describe(site.host(one))).containers.get(container_name(site, one))
        except NotFound:
            raise RefusedError(f"there is no container of {one.name}: `basalt up` makes it") from None
    return found


def restore(topology: Topology, kept: Kept, say: Say) -> Report:
    """RefusedError, BackupsError and EngineError while nothing is changed, RestoreError after."""
    local_state.locked(topology.name)
    members = look(topology)
    with tempfile.TemporaryFile() as file:
        catalogue.fetch(topology, kept, cast("BinaryIO", file))
        report = Report(kept.label, members.first)
        with _refusing(members.members[members.master]) if members.master else nullcontext():
            if members.master:
                say("what Redis holds now is kept first, and it takes no writes")
                report.before = _keep(topology, kept.repository, say)
                say(f"it is kept as {report.before}, by which restore-redis takes this back")
            begin(members, cast("BinaryIO", file), say, lambda step, seconds: report.seconds.update({step: seconds}))
    return report


def _keep(topology: Topology, repository: str, say: Say) -> str:
    """The label of what is there now. RefusedError."""
    try:
        return catalogue.take(topology, "redis", repository, say).label
    except BackupsError as error:
        raise RefusedError(f"it could not be taken back: {error}. Nothing was changed") from error


@contextmanager
def _refusing(master: Container) -> Iterator[None]:
    """It takes no writes until it starts anew: they would be lost, and not be kept first. To pause clients would pause
    what sentinels say over it too, and they would call it dead (PUBLISH waits with the writes). What fails takes this
    back. RefusedError."""
    answer = ask(master, f"CONFIG GET {_NEEDED}")
    if len(answer) != 2:
        raise RefusedError(f"{master.name} does not answer any more; nothing was changed")
    if ask(master, f"CONFIG SET {_NEEDED} {_TOO_MANY}") != ["OK"]:
        raise RefusedError(f"{master.name} does not stop taking writes; nothing was changed")
    with _ended_in_order():
        try:
            # Whom it is kept from has all of it.
            ask(master, "WAIT 1 3000")
            yield
        except BaseException:
            ask(master, f"CONFIG SET {_NEEDED} {answer[1]}")
            raise


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """A process that is told to end, or whose terminal goes, takes back what it began, as it does after Ctrl-C; told
    again meanwhile, it goes on with that. What `nohup` keeps from it, it is not told."""
    numbers = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        sys.exit(128 + number)

    for one in numbers:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in numbers:
            signal.signal(one, signal.SIG_DFL)


def begin(members: Members, file: BinaryIO, say: Say, mark: Callable[[str, float], object]) -> None:
    """From here on there is no way but forward. `mark` hears of each step and its seconds. RestoreError."""
    started, master = time.monotonic(), members.members[members.first]
    others = {name: one for name, one in members.members.items() if name != members.first}
    with _or(_STOPPED):
        say(f"{', '.join([*others, members.first])} are stopped")
        _each(others, lambda one: one.stop(timeout=_STOP))
        master.stop(timeout=_STOP)
        with archived(ORDER, file) as tar:
            if not master.put_archive(VOLUME, tar):
                raise RestoreError(f"{members.first} does not take the file; {_STOPPED}")
    with _or(_ORDERED):
        _load(master, members.first)
    mark("serves", round(time.monotonic() - started, 1))
    with _or(_SERVES):
        _gather(members, others)
    mark("whole", round(time.monotonic() - started, 1))


@contextmanager
def _or(remedy: str) -> Iterator[None]:
    """What an engine does not do is a RestoreError with what is to be done then."""
    try:
        yield
    except (APIError, NotFound, EngineError, RequestException) as error:
        raise RestoreError(f"{error}; {remedy}") from error


def _load(master: Container, name: str) -> None:
    """It starts, and begins with its order. RestoreError."""
    master.start()
    master.reload()
    begun = int(master.attrs["RestartCount"])
    _until(lambda: _serves(master, begun), _LOADS, f"{name} does not serve; see its log")
    if master.exec_run(["test", "-e", f"{VOLUME}/{ORDER}.refused"])[0] == 0:
        raise RestoreError(f"{name} found the file damaged and serves what it had; docker start the others")


def _gather(members: Members, others: Mapping[str, Container]) -> None:
    """The others start and follow. RestoreError."""
    # With a sentinel that still takes it for dead, a replica that comes would be put in its place.
    for name, sentinel in members.sentinels.items():
        _until(lambda one=sentinel: _well(one), _AGREE, f"{name} does not call {members.first} well")  # type: ignore[misc]
    _each(others, lambda one: one.start())
    for name, one in others.items():
        _until(lambda one=one: follows(role(one)), _FOLLOW, f"{name} does not follow; see its log")  # type: ignore[misc]


def _serves(master: Container, begun: int) -> bool:
    """Whether it has loaded its keys. RestoreError when it has ended instead, and was begun once more."""
    master.reload()
    if master.status != "running" or master.attrs["RestartCount"] > begun:
        said = bytes(master.logs(tail=3)).decode(errors="replace").strip()
        raise RestoreError(f"{master.name} ended: {said}; {_ORDERED}")
    return ask(master, "PING") == ["PONG"]


def _each(containers: Mapping[str, Container], act: Callable[[Container], object]) -> None:
    if containers:
        with ThreadPoolExecutor(len(containers)) as pool:
            list(pool.map(act, containers.values()))


def _until(holds: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RestoreError(f"{otherwise} (waited {seconds:.0f} s)")
        time.sleep(_LOOK)


def ask(container: Container, command: str) -> list[str]:
    """Lines of a member's or a sentinel's answer; none where it does not run."""
    try:
        code, output = container.exec_run(["sh", "-c", f"echo '{command}' | redis-console"])
    except APIError:
        return []
    return bytes(output).decode(errors="replace").splitlines() if code == 0 else []  # type: ignore[arg-type]


def role(container: Container) -> list[str]:
    """In a member's own words."""
    return ask(container, "ROLE")


def follows(told: list[str]) -> bool:
    """Whether that is a replica's answer that has copied its master."""
    return told[:1] == ["slave"] and told[3:4] == ["connected"]


def _well(sentinel: Container) -> bool:
    answer = ask(sentinel, "SENTINEL MASTER main")
    return ("flags", "master") in zip(answer[::2], answer[1::2], strict=False)
