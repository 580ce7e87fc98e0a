"""What runs: workloads, their ports, volumes, probes and limits.

Words are frozen data. They name no target, hold no secret and do no I/O; a target (`basalt.targets`) translates them.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from basalt.workload.promises import Objective, Threshold
from basalt.workload.settle import Guard, Settle
from basalt.workload.watched import Answers, LogFormat, Scrape

#: Every basalt image runs as this user; no host account has the number, so a file it owns belongs to a container.
UID = 10001

#: Who sees the host's processes runs as this one: `/proc/<pid>/root` opens to the user of a process all that it reads.
OBSERVER = 10002

#: Where the files of an instance are mounted, read-only.
FILES = "/etc/basalt"


class Tier(StrEnum):
    """Which hosts may carry a workload: `hosts.<name>.tiers` in the stack file lists them. In the order in which they
    come to life."""

    CONTROL = "control"  # consensus: etcd, Redis Sentinel; wants an odd number of failure zones
    DATA = "data"  # holds state that cannot be rebuilt
    APP = "app"  # stateless
    EDGE = "edge"  # reached from outside
    BACKUP = "backup"  # outside the failure domain of DATA
    WATCH = "watch"  # monitoring


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the stack. Two: what holds one kind of key must not open the other's doors."""

    name: str


#: Control plane: etcd and Patroni's REST interface. Only members and those who steer them hold its certificates.
CONTROL = Authority("control")
#: Everything else.
STACK = Authority("stack")
AUTHORITIES = (CONTROL, STACK)


@dataclass(frozen=True, slots=True)
class Port:
    """A TCP port inside the workload's network."""

    number: int
    #: "https" and "http" can be scraped and probed; anything else is "tcp".
    scheme: str = "tcp"
    #: Whose certificate it serves.
    authority: Authority = STACK


@dataclass(frozen=True, slots=True)
class Publish:
    """A port that people outside the topology reach on the host itself."""

    port: str
    address: str
    number: int
    #: How people log in; `{stack}` becomes `--stack <name>`.
    note: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`workload.port`: the only way in which one workload may reach another."""

    workload: str
    port: str

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """`"pgbouncer.sql"` -> Endpoint("pgbouncer", "sql"). Raises ValueError on any other shape."""
        workload, dot, port = text.partition(".")
        if not (workload and dot and port) or "." in port:
            raise ValueError(f"{text!r} is no endpoint; write workload.port, for instance pgbouncer.sql")
        return cls(workload, port)

    def __str__(self) -> str:
        return f"{self.workload}.{self.port}"


@dataclass(frozen=True, slots=True)
class Volume:
    """State that outlives its container. `of` names another workload whose volume the same ordinal shares."""

    name: str
    path: str
    of: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class HostFolder:
    """A folder of the host, seen at `at`. It is read and never written."""

    path: str
    at: str


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """Scratch space in memory; counts against the memory limit."""

    path: str
    megabytes: int = 16


@dataclass(frozen=True, slots=True)
class Probe:
    """Healthy when `command` exits 0 inside the container. A probe asks about its own process only: a failing
    dependency must not mark its users unhealthy. Times in seconds. Each look costs a process: the interval is what an
    idle stack pays."""

    command: tuple[str, ...]
    interval: int = 10
    timeout: int = 8
    retries: int = 3
    grace: int = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard limits: memory in MiB (swap off), CPU in cores. `weight`: on a busy host it gets so many times the CPU that
    another gets: 4 for what others wait for or what must keep up, 8 for what is taken for dead when it is late, or
    takes others for it."""

    memory: int
    cpus: float = 1.0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Stop:
    """Graceful stop: this signal first, SIGKILL after `seconds`."""

    signal: str = "SIGTERM"
    seconds: int = 10


@dataclass(frozen=True, slots=True)
class Reload:
    """How a running instance takes up a changed file: a command inside it, or a signal to its first process."""

    command: tuple[str, ...] = ()
    signal: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Requests for `path` and all below it go to this "https" port; the longest path wins. `streams`: answers may
    last for hours (WebSocket, server-sent events), and a client comes back to the same instance."""

    path: str
    port: str = "web"
    streams: bool = False
    #: How people log in there; `{stack}` becomes `--stack <name>`.
    note: str = ""
    #: A path of it that tells anybody 2xx while its users are served, which may depend on others; unlike a `Probe` it
    #: decides nothing about a container. Without it, any answer counts but a server's error.
    health: str = ""


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """`schedule` is a crontab line (UTC) or `@reboot`: once when the scheduler starts. `again`: whether one that fails
    is tried until it ends well."""

    name: str
    schedule: str
    command: tuple[str, ...]
    again: bool = True


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of container, `count` times. Instance names are `<name>-<ordinal>`, from 1."""

    name: str
    image: str
    command: tuple[str, ...]
    limits: Limits
    probe: Probe | None
    tier: Tier
    count: int = 1
    #: One on each host, in place of `count`.
    every_host: bool = False
    ports: dict[str, Port] = field(default_factory=dict)
    publish: tuple[Publish, ...] = ()
    uses: tuple[Endpoint, ...] = ()
    volumes: tuple[Volume, ...] = ()
    tmpfs: tuple[Tmpfs, ...] = (Tmpfs("/tmp"),)  # noqa: S108  the container's own
    stop: Stop = Stop()
    #: None: a changed file replaces the container, one instance after the other.
    reload: Reload | None = None
    scrapes: tuple[Scrape, ...] = ()
    #: True for the one that gathers: it may reach every scraped port of the topology.
    collects_scrapes: bool = False
    #: How it answers questions about what it has gathered.
    answers: Answers | None = None
    #: True for the one that shows metrics: it may reach every port that answers.
    asks: bool = False
    #: The "https" port at which it takes alerts (Alertmanager's API v2).
    takes_alerts: str = ""
    #: True for the one that evaluates rules: it may reach every port that takes alerts.
    sends_alerts: bool = False
    #: The port at which it looks at others from outside, asked by the one that collects scrapes: `/probe` with `target`
    #: and `module` (prometheus.io, "multi-target exporter pattern"). `basalt.probing` says at whom.
    probes: str = ""
    #: For one who keeps account of how public routes were: the file in it with weeks and months (JSON).
    sla_report: str = ""
    #: What people outside may ask of it, through the edge.
    routes: tuple[Route, ...] = ()
    #: True for the edge: it may reach every routed port of the topology.
    collects_routes: bool = False
    #: For the edge: the name that people type.
    domain: str = ""
    #: The same for all workloads of a service that have any.
    objectives: tuple[Objective, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    jobs: tuple[ScheduledJob, ...] = ()
    #: What people should know before they rely on it; `basalt plan` says it.
    note: str = ""
    #: Runs to its end at `up`, again whenever anything about it changes.
    task: bool = False
    #: For a task: what follows it.
    settle: Settle | None = None
    #: What it does before others are touched.
    guard: Guard | None = None
    #: Tasks that must have ended well before an instance starts or is replaced.
    after: tuple[str, ...] = ()
    #: Instance N runs on the host of instance N of that workload.
    beside: str | None = None
    #: Members that vote: an odd number, spread over failure zones.
    quorum: bool = False
    #: So many have to be there for any of them to do its part; of those that vote it is a majority.
    least: int = 1
    #: How many may be replaced at once, as a share of all; at least one is. The default is Kubernetes' own.
    roll: float = 0.25
    #: Linux capabilities kept; all others are dropped. The user has none by itself: the image gives them to a file
    #: (setcap(8)).
    capabilities: tuple[str, ...] = ()
    read_only_root: bool = True
    #: Variables of the process. Never a secret: `docker inspect` shows them.
    environment: dict[str, str] = field(default_factory=dict)
    #: TCP passed through unopened: the far end's certificates bear this workload's names too.
    passes: tuple[Endpoint, ...] = ()
    #: It dials the name that stands for all instances of the one workload that it uses, in place of their own names.
    dials_groups: bool = False
    #: Sees the host's processes and file systems, read-only, as nobody else's user (host metrics).
    observes_host: bool = False
    host_folders: tuple[HostFolder, ...] = ()
    #: The "https" port at which it finds what all wrote (LogsQL).
    keeps_logs: str = ""
    #: For lines that are not JSON.
    log_format: LogFormat | None = None
    #: Shared memory in MiB; PostgreSQL's parallel queries need it (postgresql.org/docs/17, section 19.4).
    shared_memory: int = 64

    @property
    def needed(self) -> int:
        """How many have to be there for it to do its part."""
        return self.count // 2 + 1 if self.quorum else self.least

    @property
    def uid(self) -> int:
        """User and group that it runs as, and that own its files."""
        return OBSERVER if self.observes_host else UID
