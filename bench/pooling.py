"""What PgBouncer is for: many clients on few server connections, and clients that connect anew for each statement.

    python -m bench.pooling [--connections 1000] [--seconds 10] [--repeats 3]

A stack of its own (etcd, three members of PostgreSQL, HAProxy, two PgBouncers as they are by default) is brought up and
removed. All links are verified TLS with SCRAM.

Crowd: so many connections over both PgBouncers, opened in steps; when all are open, each sends statements at once with
all others. Meanwhile pg_stat_activity is counted. Goal: none is refused or fails, 100 server connections at most.
Limit: as many on one PgBouncer as it may take and some more; it has to refuse those, in its own words, and no other.
Reconnect: pgbench -C in a container on the stack's network, one statement a connection, through PgBouncer and directly
to the primary, in turns; and the CPU time a connection costs to each who takes part. Goal: ten times as many."""

import argparse
import asyncio
import contextlib
import json
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from docker.models.containers import Container

from bench.failover.stack import whole
from bench.stack import links, prepare, remove
from tests.live.database import connect, parameters
from tests.live.project import ROOT, Project

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

STACK, NETWORK = "dbx", "198.18.96.0/20"
#: Handshakes under way at once: a machine of two cores does no more of them together, and clients give up after 5 s.
STEP = 20
_WAIT = 60  # seconds for all statements of a crowd together
#: Statements of each client of a crowd.
_ROUNDS = 5
_COUNT = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_app'"
#: The first line is for the passfile, the rest is the authority's certificate.
_CLIENT = """umask 077; IFS= read -r line; printf '%s\\n' "$line" >/tmp/pgpass; cat >/tmp/ca.crt
echo 'SELECT 1;' >/tmp/one.sql"""
_PGBENCH = ("pgbench", "-n", "-C", "-c", "8", "-j", "2", "-f", "/tmp/one.sql", "-T")  # noqa: S108  the container's own


class Watch:
    """The most server connections of the application that the primary has had at once."""

    def __init__(self, project: Project) -> None:
        self._connection = connect(project, "haproxy.write", "migrate")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.most = 0

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(5)
        self._connection.close()

    def _look(self) -> None:
        while not self._stop.wait(0.05):
            row = self._connection.execute(_COUNT).fetchone()
            self.most = max(self.most, int(str(row[0])) if row else 0)


async def _open(link: dict[str, Any], gate: asyncio.Semaphore) -> Connection | str:
    """A connection, or why there is none."""
    async with gate:
        try:
            return await psycopg.AsyncConnection.connect(autocommit=True, **{**link, "connect_timeout": 30})
        except psycopg.OperationalError as error:
            return " ".join(str(error).split())


async def _ask(connection: Connection) -> str:
    """Nothing, or what failed."""
    try:
        for _ in range(_ROUNDS):
            await connection.execute("SELECT pg_sleep(0.001)")
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return ""


async def crowd(chosen: list[dict[str, Any]], look: Callable[[], Any]) -> dict[str, Any]:
    """All of `chosen` at once; `look` is called while they are there."""
    gate, started = asyncio.Semaphore(STEP), time.monotonic()
    tried = await asyncio.gather(*(_open(link, gate) for link in chosen))
    opened = [found for found in tried if not isinstance(found, str)]
    refusals = [found for found in tried if isinstance(found, str)]
    took, begun = time.monotonic() - started, time.monotonic()
    try:
        answers = await asyncio.wait_for(asyncio.gather(*map(_ask, opened)), _WAIT)
        asked, seen = time.monotonic() - begun, look()
    finally:
        for connection in opened:
            with contextlib.suppress(psycopg.Error):
                await connection.close()
    failed = [answer for answer in answers if answer]
    return {
        "tried": len(chosen),
        "opened": len(opened),
        "refused": len(refusals),
        "failed": len(failed),
        "statements": len(opened) * _ROUNDS,
        "opening_seconds": round(took, 2),
        "statements_seconds": round(asked, 2),
        "said": sorted({re.sub(r".*(FATAL|ERROR)", r"\1", text) for text in (*refusals, *failed)})[:3],
        **seen,
    }


def memory(project: Project, name: str) -> float:
    """MiB that a container holds, without the kernel's cache of files."""
    stats: Any = project.containers()[name].stats(stream=False)
    used = stats["memory_stats"]
    cache = used["stats"].get("total_inactive_file", used["stats"].get("inactive_file", 0))  # cgroup version 1, 2
    return round(int(used["usage"] - cache) / 2**20, 1)


def crowds(project: Project, number: int) -> dict[str, Any]:
    """One over both PgBouncers, one that is too large for the first."""
    poolers = [instance.name for instance in project.plan.site.of("pgbouncer")]

    def look() -> dict[str, Any]:
        return {"memory_mib": {name: memory(project, name) for name in poolers}}

    with Watch(project) as watch:
        shared = asyncio.run(crowd(links(project, number), look))
    with Watch(project) as alone:
        first = links(project, 1)[0]
        full = asyncio.run(crowd([first] * (1000 + 20), look))
    return {
        "crowd": {**shared, "server_connections": watch.most},
        "limit": {**full, "server_connections": alone.most},
    }


@contextlib.contextmanager
def client(project: Project, password_file: str, authority: str) -> Iterator[str]:
    """The name of a container on the stack's network that has pgbench and may log in."""
    name = f"{project.stack}-client"
    image = project.containers()["postgres-1"].attrs["Config"]["Image"]
    command = ["docker", "run", "--detach", "--rm", "--init", "--name", name, "--network", project.stack]
    subprocess.run([*command, image, "sleep", "infinity"], check=True, capture_output=True)
    try:
        text = f"{password_file}\n{authority}"
        prepared = ["docker", "exec", "--interactive", name, "sh", "-c", _CLIENT]
        subprocess.run(prepared, input=text, text=True, check=True, capture_output=True)
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)


def _pgbench(name: str, link: dict[str, Any], seconds: int) -> dict[str, float]:
    """Connections a second; milliseconds to make one."""
    settings = {
        "PGHOST": link["host"],
        "PGHOSTADDR": link["hostaddr"],
        "PGPORT": link["port"],
        "PGUSER": link["user"],
        "PGDATABASE": link["dbname"],
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/tmp/ca.crt",  # noqa: S108  the container's own
        "PGPASSFILE": "/tmp/pgpass",  # noqa: S108
    }
    given = [word for key, value in settings.items() for word in ("--env", f"{key}={value}")]
    command = ["docker", "exec", *given, name, *_PGBENCH, str(seconds)]
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=seconds + 60)
    values = dict(re.findall(r"^(tps|average connection time) = ([\d.]+)", done.stdout, re.MULTILINE))
    if done.returncode or len(values) < 2:
        raise RuntimeError(f"pgbench ended with {done.returncode}: {done.stdout}{done.stderr}")
    return {"tps": float(values["tps"]), "connect_ms": float(values["average connection time"])}


def _cpu(containers: dict[str, Container]) -> dict[str, float]:
    """Seconds of CPU that each workload's containers have taken together."""
    found: dict[str, float] = {}
    for name, container in containers.items():
        stats: Any = container.stats(stream=False)
        kind = name.rstrip("-0123456789")
        found[kind] = found.get(kind, 0) + stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9
    return found


def reconnect(project: Project, seconds: int, repeats: int) -> dict[str, Any]:
    """Both ways in turns."""
    pooled = parameters(project, "pgbouncer.sql", "app")
    leader = next(instance for instance in project.plan.site.of("postgres") if instance.name == whole(project))
    direct = {**parameters(project, "postgres.sql", "app"), "host": leader.name, "hostaddr": leader.address}
    taking = {n: c for n, c in project.containers().items() if n in (leader.name, "pgbouncer-1") or "haproxy" in n}
    authority = Path(str(pooled["sslrootcert"])).read_text()
    found: dict[str, list[dict[str, Any]]] = {"pgbouncer": [], "direct": []}
    with client(project, f"*:*:*:{pooled['user']}:{pooled['password']}", authority) as name:
        taking["client"] = project.containers()["postgres-1"].client.containers.get(name)  # type: ignore[union-attr]
        for _ in range(repeats):
            for arm, link in (("pgbouncer", pooled), ("direct", direct)):
                before = _cpu(taking)
                told = _pgbench(name, link, seconds)
                spent = {kind: value - before[kind] for kind, value in _cpu(taking).items()}
                made = told["tps"] * seconds
                cpu = {kind: round(value / made * 1000, 3) for kind, value in spent.items()}
                found[arm].append({**told, "cpu_ms_a_connection": cpu})
                print(f"{arm}: {found[arm][-1]}", file=sys.stderr, flush=True)
    medians = {arm: statistics.median(one["tps"] for one in runs) for arm, runs in found.items()}
    return {"median_tps": medians, "ratio": round(medians["pgbouncer"] / medians["direct"], 2), "runs": found}


def main() -> None:
    """Prints and writes `bench/pooling.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="leave the stack up")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "pooling.json")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    project = prepare(STACK, NETWORK, ())
    try:
        document = {
            "conditions": {"date": time.strftime("%Y-%m-%d"), "seconds": options.seconds, "repeats": options.repeats},
            **crowds(project, options.connections),
            "reconnect": reconnect(project, options.seconds, options.repeats),
        }
    finally:
        if not options.keep:
            remove(project)
    options.output.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document))


if __name__ == "__main__":
    main()
