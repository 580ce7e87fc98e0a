"""What is compared. An arm is Patroni's timeouts, and whether the fencers run."""

from dataclasses import dataclass

from docker.models.containers import Container

from bench.failover.stack import container, whole
from tests.live.project import Project, execute
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Arm:
    """`settings`: Patroni's, by their names; None: as the stack declares them."""

    fencer: bool
    settings: dict[str, int] | None


#: docs/dynamic_configuration.rst
DEFAULTS = {"ttl": 30, "loop_wait": 10, "retry_timeout": 10, "primary_start_timeout": 300}
#: pgsty/pigsty, roles/pgsql: `fast`
FAST = {"ttl": 20, "loop_wait": 5, "retry_timeout": 5, "primary_start_timeout": 15}
ARMS = {
    "fencer": Arm(fencer=True, settings=None),
    "plain": Arm(fencer=False, settings=None),
    "patroni": Arm(fencer=False, settings=DEFAULTS),
    "pigsty": Arm(fencer=False, settings=FAST),
}


def declared(project: Project, leader: str) -> dict[str, int]:
    """Patroni's timeouts before anybody changed them."""
    text = execute(container(project, leader), "patronictl", "show-config")
    pairs = (line.split(": ") for line in text.splitlines() if line.count(": ") == 1 and not line.startswith(" "))
    return {key: int(value) for key, value in pairs if key in DEFAULTS}


def enter(project: Project, arm: Arm, own: dict[str, int] | None) -> str:
    """The arm stands; who leads. `own`: the stack's timeouts; None leaves them as they are."""
    fencers = {name: one for name, one in project.containers().items() if name.startswith("fencer-")}
    for one in fencers.values():
        if arm.fencer and one.status != "running":
            one.start()
        if not arm.fencer and one.status == "running":
            one.stop(timeout=2)
    leader = whole(project)
    wanted = (own or declared(project, leader)) | (arm.settings or {})
    if declared(project, leader) != wanted:
        changes = [word for key, value in wanted.items() for word in ("--set", f"{key}={value}")]
        execute(container(project, leader), "patronictl", "edit-config", "--force", "--quiet", *changes)
    until(lambda: declared(project, leader) == wanted, "the arm's timeouts", 30)
    if arm.fencer:
        until(lambda: all(_holds(one) for one in fencers.values()), "fencers that hold their members", 30)
    return leader


def _holds(fencer: Container) -> bool:
    ask = ("curl", "-fsS", "--cacert", "/etc/basalt/tls/stack/ca.crt", "https://localhost:9102/metrics")
    text = execute(fencer, *ask)
    return "\nfencer_holds 1.0" in text
