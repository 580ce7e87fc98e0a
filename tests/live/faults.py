"""Real faults, one for each alert that the live tests want to see. Each is mended when its context is left."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from docker.models.containers import Container

from basalt.services.pgbouncer.settings import Settings as Pgbouncer
from basalt.site import Instance
from basalt.targets.certificates import make_leaf
from basalt.targets.docker import volume
from basalt.targets.docker.container import files_volume
from basalt.workload import FILES
from tests.live.database import parameters
from tests.live.edge import Edge
from tests.live.project import Project, execute, freeze
from tests.live.prometheus import series
from tests.live.users import Users
from tests.waiting import until

#: The labels by which the alert of a fault is told from others of its name.
Labels = dict[str, str]


@dataclass(frozen=True)
class Stage:
    """Where faults happen. `disk`: the mount point of a disk that nobody needs."""

    project: Project
    edge: Edge
    users: Users
    disk: Path

    def container(self, name: str) -> Container:
        """A container as it is now."""
        return self.project.containers()[name]

    def instance(self, name: str) -> Instance:
        """What the plan says of it."""
        return next(i for i in self.project.plan.site.instances if i.name == name)

    def sql(self, member: str, statement: str) -> str:
        """What the superuser gets from a member of the database."""
        return execute(self.container(member), "psql", "-h", "/run/postgresql", "-d", "shop", "-Atc", statement)


#: Does a fault, mends it when it is left, and gives labels of the one alert that tells of it.
Strike = Callable[[Stage], AbstractContextManager[Labels]]


@dataclass(frozen=True)
class Fault:
    """Faults with the same `strike` have one cause."""

    name: str
    alert: str
    strike: Strike


@contextmanager
def kill_a_replica(stage: Stage) -> Iterator[Labels]:
    """By the engine's own kill: it takes that as a wish, and does not start the container again."""
    replica = series(stage.project, 'redis_instance_info{job="redis", role="slave"}')[0]["subject"]
    stage.container(replica).kill()
    try:
        yield {"subject": replica}
    finally:
        stage.container(replica).start()


@contextmanager
def stop_an_exporter(stage: Stage) -> Iterator[Labels]:
    """Nobody sees how nginx is; it works on."""
    stage.container("nginx-exporter-1").stop()
    try:
        yield {"instance": "nginx-exporter-1"}
    finally:
        stage.container("nginx-exporter-1").start()


@contextmanager
def hang_the_worker(stage: Stage) -> Iterator[Labels]:
    """It takes no job, and there is one."""
    freeze(stage.container("worker-1"))
    try:
        with stage.edge.client("driver") as client:
            until(lambda: client.post("/images", content=b"an image").raise_for_status(), "an image that is taken", 30)
        yield {"queue": "images"}
    finally:
        stage.container("worker-1").unpause()


@contextmanager
def hang_the_scheduler(stage: Stage) -> Iterator[Labels]:
    """No backup is taken."""
    freeze(stage.container("backup-scheduler-1"))
    try:
        yield {"subject": "backup-1"}
    finally:
        stage.container("backup-scheduler-1").unpause()


@contextmanager
def stop_replay(stage: Stage) -> Iterator[Labels]:
    """A replica gets what the primary writes, and the process that applies it hangs, as on a bad disk. (Patroni soon
    resumes what pg_wal_replay_pause has paused.)"""
    replica = series(stage.project, "patroni_replica == 1")[0]["subject"]
    processes = stage.container(replica).top(ps_args="-eo pid,args")["Processes"]
    (pid,) = [int(pid) for pid, command in processes if "startup recovering" in command]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield {"subject": replica}
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def take_a_right(stage: Stage) -> Iterator[Labels]:
    """As a wrong migration does: what users look at can no longer be read."""
    primary = series(stage.project, "patroni_primary == 1")[0]["subject"]
    stage.sql(primary, "REVOKE SELECT ON order_jobs FROM shop_app")
    try:
        yield {"service": "app"}
    finally:
        stage.sql(primary, "GRANT SELECT ON order_jobs TO shop_app")
        stage.users.come_back()


@contextmanager
def take_the_pool(stage: Stage) -> Iterator[Labels]:
    """Clients open transactions and fall asleep, until no connection is left."""
    settings = stage.project.topology.service(Pgbouncer)
    assert settings is not None
    link = {**parameters(stage.project, "pgbouncer.sql", "readonly"), "dbname": "shop_ro"}
    with ExitStack() as taken:
        for _ in range(settings.pool):
            connection = taken.enter_context(psycopg.connect(**link))  # type: ignore[arg-type]
            connection.execute("SELECT 1")
        yield {"subject": "pgbouncer-1", "database": "shop_ro"}


@contextmanager
def fill_a_disk(stage: Stage) -> Iterator[Labels]:
    """All but a twentieth of it."""
    source = subprocess.check_output(["findmnt", "-no", "SOURCE", str(stage.disk)], text=True).strip()
    size = int(subprocess.check_output(["df", "--output=avail", "-B1", str(stage.disk)], text=True).split()[1])
    heap = stage.disk / "heap"
    subprocess.run(["fallocate", "--length", str(size * 95 // 100), str(heap)], check=True)
    try:
        yield {"device": source}
    finally:
        heap.unlink()


@contextmanager
def let_a_certificate_age(stage: Stage) -> Iterator[Labels]:
    """The edge is left with one that was not renewed in time."""
    edge = stage.instance("nginx-1")
    names = ("tls/stack/tls.crt", "tls/stack/tls.key")
    good = {name: execute(stage.container(edge.name), "cat", f"{FILES}/{name}") for name in names}
    old = _leaf(stage.project, edge, days=10)
    _bring(stage, edge, dict(zip(names, (old["certificate"], old["key"]), strict=True)))
    try:
        yield {"subject": edge.name}
    finally:
        _bring(stage, edge, good)


def _leaf(project: Project, instance: Instance, days: int) -> dict[str, str]:
    """Signed by the stack's own authority."""
    state = json.loads(project.pulumi("stack", "export", "--show-secrets").stdout)["deployment"]["resources"]
    authority = next(r["outputs"] for r in state if r["urn"].endswith("::authority-stack"))
    planned = next(p for p in project.plan.planned if p.instance.name == instance.name)
    names = next(list(c.names) for c in planned.certificates if c.authority.name == "stack")
    key = json.loads(authority["key"]["plaintext"])
    return make_leaf(names, days, authority["certificate"], key)


def _bring(stage: Stage, instance: Instance, files: dict[str, str]) -> None:
    """Puts files where an instance reads them, and tells it."""
    running, site = stage.container(instance.name), stage.project.plan.site
    assert instance.workload.reload is not None
    place = {
        "engine": stage.project.engines[0],
        "volume": files_volume(site, instance),
        "image": running.attrs["Image"],
        "labels": running.labels,
        "owner": instance.workload.uid,
    }
    volume.write(place, {path: (text, False) for path, text in files.items()}, dropped=[])
    execute(running, *instance.workload.reload.command)


FAULTS = (
    Fault("certificate near its end", "CertificateEndsSoon", let_a_certificate_age),
    Fault("backup too old", "BackupTooOld", hang_the_scheduler),
    Fault("5xx burst", "AppErrorsCritical", take_a_right),
    Fault("error budget burning", "AppErrorBudgetBurnsFast", take_a_right),
    Fault("container killed", "RedisMemberDown", kill_a_replica),
    Fault("disk filled", "NodeDiskLow", fill_a_disk),
    Fault("queue blocked", "AppQueueStalled", hang_the_worker),
    Fault("replica lag", "PostgresReplicaLag", stop_replay),
    Fault("pool exhausted", "PgbouncerPoolNearlyFull", take_the_pool),
    Fault("target gone", "TargetDown", stop_an_exporter),
)
