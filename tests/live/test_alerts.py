"""Ten real faults: each is told once to a real receiver, with the way to help, and once again when it is over."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from basalt.collect import rules
from tests.live.edge import Edge
from tests.live.faults import FAULTS, Fault, Labels, Stage, Strike
from tests.live.project import ROOT, Project
from tests.live.prometheus import series
from tests.live.receiver import Alert, Receiver
from tests.live.test_healing import healthy, orders_go_through, save
from tests.live.users import Users
from tests.waiting import until

each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
pytestmark = pytest.mark.breaks

REPORT = ROOT / ".basalt" / "reports" / "alerts.json"

#: Seconds after the stroke, and after it was mended. A certificate is looked at every two minutes, the age of a backup
#: is known by the minute.
TOLD, RESOLVED = 240, 300


def declare(topology: dict[str, Any]) -> None:
    """People who want to know at once, of everything by itself; promises and schedules that leave little time."""
    services = topology["services"]
    services["alertmanager"].update(
        receivers={"pager": {"webhook": {"secret": "pager"}}},
        # Each message of a group tells all of it again: two queues would tell of the first one twice.
        group_by=["..."],
        group_wait="5s",
        group_interval="5s",
    )
    sooner: dict[str, Any] = {fault.alert: {"for": "10s"} for fault in FAULTS}
    # A busy machine may miss a scrape or two.
    gone = {name: {"for": "30s"} for name in ("TargetDown", "WorkloadDown")}
    services["monitoring"].update(interval=10, alerts=sooner | gone | {"NodeDiskFillsSoon": False})
    services["app"].update(slo={"availability": 99, "latency": 50})
    services["backup"].update(incremental="* * * * *", late="60s")


@pytest.fixture(scope="module")
def receiver(project: Project) -> Iterator[Receiver]:
    """It listens at the gateway of the stack's network, where containers can reach it and nobody else."""
    with Receiver(str(project.topology.network.network_address + 1)) as listening:
        yield listening


@pytest.fixture(scope="module")
def told_of(project: Project, receiver: Receiver) -> Iterator[Project]:
    """The stack, with the receiver declared."""
    before = project.edit(declare)
    command = ["pulumi", "config", "set", "--stack", project.stack, "--secret", "--path", "basalt:secrets.pager"]
    try:
        subprocess.run(command, cwd=project.folder, env=project.environment, input=receiver.url, text=True, check=True)
        project.up()
        yield project
    finally:
        project.stack_file.write_text(before)
        project.up()


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    """A small disk of its own, mounted while the stack runs."""
    with ExitStack() as made:
        image = made.enter_context(tempfile.NamedTemporaryFile(prefix="basalt-test-disk-"))
        image.truncate(64 * 1024**2)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image.name], check=True)
        # Below /mnt: whoever looks may not enter the folders of a test.
        place = Path(made.enter_context(tempfile.TemporaryDirectory(prefix="basalt-test-", dir="/mnt")))
        subprocess.run(["mount", "-o", "loop", image.name, str(place)], check=True)
        made.callback(subprocess.run, ["umount", str(place)], check=True)
        yield place


@pytest.fixture(scope="module")
def stage(told_of: Project, edge: Edge, disk: Path, receiver: Receiver) -> Iterator[Stage]:
    """A stack in use, of which there is nothing to tell."""
    with Users(edge) as users:
        until(lambda: calm(told_of, receiver), "a calm stack", 240, every=2)
        receiver.told.clear()
        yield Stage(told_of, edge, users, disk)


def calm(project: Project, receiver: Receiver) -> bool:
    """Its queues are served, backups come by the new schedule, and what was told before that is over. AssertionError
    with what is not so."""
    assert len(series(project, 'sum by (queue) (increase(jobs_total{queue!="images"}[10m])) > 0')) == 3
    assert series(project, 'time() - backup_last_timestamp_seconds{kind="any"} < 90')
    ours = {fault.alert for fault in FAULTS}
    assert series(project, f'ALERTS{{alertname=~"{"|".join(ours)}"}}') == []
    begun, over = ({a.labels["alertname"] for a in receiver.told if a.status == s} for s in ("firing", "resolved"))
    assert begun & ours <= over
    return True


class Struck:
    """All faults at once: they are independent of each other, but for those of one cause."""

    def __init__(self, stage: Stage) -> None:
        self.labels: dict[Strike, Labels] = {}
        #: Monotonic times.
        self.begun: dict[Strike, float] = {}
        self.mended: dict[Strike, float] = {}
        self._open = {fault.strike: ExitStack() for fault in FAULTS}
        self._told: set[Fault] = set()
        self._stage = stage

    def begin(self) -> None:
        """Strikes."""
        for strike, context in self._open.items():
            self.begun[strike] = time.monotonic()
            self.labels[strike] = context.enter_context(strike(self._stage))

    def is_told(self, fault: Fault) -> None:
        """Mends what all of its alerts have told of."""
        self._told.add(fault)
        if {other for other in FAULTS if other.strike is fault.strike} <= self._told:
            self._mend(fault.strike)

    def mend(self) -> None:
        """All that is left."""
        for strike in self._open:
            self._mend(strike)

    def _mend(self, strike: Strike) -> None:
        if strike not in self.mended:
            self.mended[strike] = time.monotonic()
            self._open[strike].close()


def left(since: float, seconds: float) -> float:
    """Of so many seconds; enough for one look."""
    return max(1, since + seconds - time.monotonic())


@pytest.fixture(scope="module")
def struck(stage: Stage) -> Iterator[Struck]:
    """The stack with all faults in it, and without at the end."""
    faults = Struck(stage)
    try:
        faults.begin()
        yield faults
    finally:
        faults.mend()


@pytest.fixture(scope="module")
def mended(struck: Struck, stage: Stage) -> Struck:
    """All faults are gone, and the stack is whole by itself."""
    struck.mend()
    until(lambda: not healthy(stage.project), "all healthy", 120, every=1)
    until(lambda: orders_go_through(stage.edge), "orders", 30)
    return struck


def messages(receiver: Receiver, struck: Struck, status: str, fault: Fault) -> list[Alert]:
    """What was told of a fault, and not of another that the same alert is for."""
    labels = struck.labels[fault.strike].items()
    return [alert for alert in receiver.messages(status, fault.alert) if labels <= alert.labels.items()]


@each_fault
def test_a_fault_is_told_with_the_way_to_help(fault: Fault, struck: Struck, receiver: Receiver) -> None:
    seconds = left(struck.begun[fault.strike], TOLD)
    (alert,) = until(lambda: messages(receiver, struck, "firing", fault), fault.alert, seconds, every=0.5)
    struck.is_told(fault)
    path, _, chapter = alert.annotations["runbook"].partition("#")
    assert chapter in {heading.lower() for heading in rules.headings((ROOT / path).parent)}


def caused(alert: Alert, struck: Struck, besides: set[tuple[str, str]]) -> bool:
    """Whether one of the faults of its name is the cause of an alert, or it is one of those `besides`."""
    name = alert.labels["alertname"]
    if (name, alert.labels.get("instance", "")) in besides:
        return True
    strikes = {fault.strike for fault in FAULTS if fault.alert == name}
    return any(struck.labels[strike].items() <= alert.labels.items() for strike in strikes)


@each_fault
def test_its_end_is_told_once_and_it_was_told_once(fault: Fault, mended: Struck, receiver: Receiver) -> None:
    seconds = left(mended.mended[fault.strike], RESOLVED)
    until(lambda: messages(receiver, mended, "resolved", fault), f"the end of {fault.alert}", seconds, every=0.5)
    assert len(messages(receiver, mended, "firing", fault)) == 1
    assert len(messages(receiver, mended, "resolved", fault)) == 1


def test_nothing_else_is_told_but_what_the_hanging_worker_means(mended: Struck, receiver: Receiver) -> None:
    told = {(alert.labels["alertname"], alert.labels.get("subject")) for alert in receiver.told}
    meant = {fault.alert for fault in FAULTS}
    # Who hangs is not scraped either.
    hang = {("TargetDown", name) for name in ("backup-scheduler-1", "worker-1")}
    assert [one for one in receiver.told if one.labels["alertname"] in meant and not caused(one, mended, hang)] == []
    # Where others run out of memory beside the stack, what was started anew counts as a victim. That a hanging worker
    # is down is told only when it hangs for longer than its queue takes to be missed.
    assert {row for row in told if row[0] not in meant | {"ContainerOomKilled", "WorkloadDown"}} == set()
    assert {name for name, _ in told} >= meant
    save(REPORT, [row(fault, mended, receiver) for fault in FAULTS])


def row(fault: Fault, struck: Struck, receiver: Receiver) -> dict[str, object]:
    """How many seconds it took to tell of a fault, and of its end."""
    begins, ends = (messages(receiver, struck, status, fault)[0].at for status in ("firing", "resolved"))
    return {
        "fault": fault.name,
        "alert": fault.alert,
        "told": round(begins - struck.begun[fault.strike], 1),
        "end_told": round(ends - struck.mended[fault.strike], 1),
    }
