"""Six configurations against eight workloads, each in a container of the postgres image with a memory limit.

    python -m bench.tuning --image basalt/postgres:<tag> [--seconds N] [--repeats N]

Every configuration is made for the same machine and the same number of connections. In each repeat the configurations
come in another order, and so do the workloads of each. Goals: never worse than 0.97 of the best peer; WAL a transaction
at most a sixth of the default's; nobody killed for memory while all that a pool lets through sort at once.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from basalt.services.postgres.tuning import Machine
from bench.peers import CONFIGURATIONS
from tests.waiting import until

ROOT = Path(__file__).parent.parent
_DATA = "/var/lib/postgresql/bench"
_BIN = "/usr/lib/postgresql/17/bin"
_NAME = "basalt-bench-tuning"
#: Seconds for one script in the container, at most: a server that thrashes within its memory limit may never answer.
_PATIENCE = 300
#: At work together; others are connected and asleep.
_BUSY, _IDLE = 16, 400

#: Seconds each, so less is better.
_TIMED = {
    "sort": "SELECT count(*) FROM (SELECT * FROM pgbench_accounts ORDER BY abalance, filler, bid, aid DESC OFFSET 0) x",
    "distinct": "SELECT count(DISTINCT (aid % 200000, bid)) FROM pgbench_accounts",
    "index and vacuum": "CREATE INDEX i ON pgbench_accounts (abalance, aid); "
    "VACUUM (FREEZE) pgbench_accounts; DROP INDEX i",
    "bulk load": "CREATE TABLE b AS SELECT g, md5(g::text) FROM generate_series(1, 500000) g; CREATE INDEX ON b (md5); "
    "DROP TABLE b",
}


@dataclass(frozen=True, slots=True)
class Result:
    """One workload under one configuration. `value`: transactions a second, or seconds."""

    value: float
    wal_per_transaction: float
    temporary_bytes: int


class Server:
    """PostgreSQL in a container of its own, without a network; gone when the block ends."""

    def __init__(self, image: str, machine: Machine, configuration: str) -> None:
        self._image, self._machine = image, machine
        self._parameters = {"max_connections": machine.connections} | CONFIGURATIONS[configuration](machine)

    def __enter__(self) -> "Server":
        memory = f"{self._machine.memory}m"
        limits = ["--memory", memory, "--memory-swap", memory, "--cpus", str(self._machine.cores)]
        shared = ["--shm-size", f"{self._machine.memory // 4}m"]
        command = [
            "docker",
            "run",
            "--detach",
            "--rm",
            "--init",
            "--name",
            _NAME,
            "--network",
            "none",
            *limits,
            *shared,
        ]
        subprocess.run([*command, self._image, "sleep", "infinity"], check=True, capture_output=True)
        lines = "".join(f"{name} = '{_written(value)}'\n" for name, value in self._parameters.items())
        self.run(f"{_BIN}/initdb -D {_DATA} -A trust -U postgres --locale=C.UTF-8 >/dev/null")
        self.run(f"cat >>{_DATA}/postgresql.conf", lines + "listen_addresses = ''\n")
        self.run(f"{_BIN}/pg_ctl -D {_DATA} -w -l /tmp/log start >/dev/null")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["docker", "rm", "--force", _NAME], check=False, capture_output=True)

    def run(self, script: str, text: str = "") -> str:
        """A script in the container. Raises RuntimeError with what it said, and where it does not end."""
        command = ["docker", "exec", "--interactive", _NAME, "timeout", str(_PATIENCE), "bash", "-c", script]
        done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{script} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def sql(self, text: str) -> str:
        """Statements, one transaction each."""
        return self.run("psql -U postgres -XqAt -v ON_ERROR_STOP=1", text.replace("; ", ";\n") + ";").strip()

    def kills(self) -> int:
        """Processes that the kernel has killed for memory."""
        places = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"  # version 2, version 1
        found = re.search(r"^oom_kill (\d+)", self.run(f"cat {places} 2>/dev/null || true"), re.MULTILINE)
        assert found is not None, places  # noqa: S101
        return int(found[1])

    def counters(self) -> tuple[int, int, int]:
        """(WAL bytes, transactions, bytes of temporary files)"""
        text = self.sql(
            "SELECT wal_bytes, (SELECT sum(xact_commit) FROM pg_stat_database), "
            "(SELECT sum(temp_bytes) FROM pg_stat_database) FROM pg_stat_wal"
        )
        wal, transactions, temporary = text.split("|")
        return int(float(wal)), int(transactions), int(temporary)


def _written(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def _pgbench(server: Server, seconds: int, arguments: str) -> float:
    output = server.run(f"pgbench -U postgres -n -T {seconds} {arguments} postgres 2>&1")
    found = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    assert found is not None, output  # noqa: S101
    return float(found[1])


def _with_idle(server: Server, seconds: int) -> float:
    """Connections that have looked at the tables once and are kept."""
    # pgbench counts microseconds in 32 bits: 3600 s would be none at all, and nobody would ever be idle.
    sleeper = "SELECT count(*) FROM pg_class;\n\\sleep 2000 s\n"
    server.run("cat >/tmp/idle.sql", sleeper)
    server.run(
        f"nohup pgbench -U postgres -n -c {_IDLE} -t 1 -f /tmp/idle.sql postgres </dev/null >/tmp/idle.log 2>&1 &"
        " echo $! >/tmp/idle"
    )
    try:
        until(lambda: _connected(server), f"{_IDLE} connections", 60)
        return _pgbench(server, seconds, f"-S -c {_BUSY} -j 2")
    finally:
        server.run("kill $(cat /tmp/idle)")


def _connected(server: Server) -> bool:
    """AssertionError with what the one who opens them says."""
    found = int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    assert found >= _IDLE, f"{found}; {server.run('tail --lines=2 /tmp/idle.log')}"  # noqa: S101
    return True


def _timed(server: Server, statements: str) -> float:
    started = time.perf_counter()
    server.sql(statements)
    return time.perf_counter() - started


def workloads(seconds: int) -> dict[str, Callable[[Server], float]]:
    """The eight."""
    timed = {name: (lambda server, text=text: _timed(server, text)) for name, text in _TIMED.items()}
    return {
        "tpc-b": lambda server: _pgbench(server, seconds, f"-c {_BUSY} -j 2"),
        "select": lambda server: _pgbench(server, seconds, f"-S -c {_BUSY} -j 2"),
        "reconnect": lambda server: _pgbench(server, seconds, "-S -C -c 4 -j 2"),
        "idle and busy": lambda server: _with_idle(server, seconds),
        **timed,
    }


def all_sort(server: Server, seconds: int, connections: int) -> int:
    """Kills while so many sort at once."""
    server.run("cat >/tmp/sort.sql", f"SET statement_timeout = '{seconds}s';\n{_TIMED['sort']};\n")
    server.run(f"pgbench -U postgres -n -c {connections} -j 2 -t 1 -f /tmp/sort.sql postgres >/dev/null 2>&1 || true")
    return server.kills()


def measure(server: Server, name: str, work: Callable[[Server], float]) -> Result:
    """With a checkpoint before, so that none inherits another's."""
    server.sql("CHECKPOINT")
    before = server.counters()
    value = work(server)
    server.sql("SELECT pg_stat_force_next_flush()")
    wal, transactions, temporary = (now - then for now, then in zip(server.counters(), before, strict=True))
    print(f"    {name}: {value:.2f}", flush=True)
    return Result(value, wal / max(1, transactions), temporary)


def ratios(medians: dict[str, dict[str, Result]]) -> dict[str, float]:
    """Ours against the best peer, for each workload; above 1 is better."""
    found = {}
    for name, ours in medians["basalt"].items():
        peers = [results[name].value for peer, results in medians.items() if peer != "basalt"]
        found[name] = min(peers) / ours.value if name in _TIMED else ours.value / max(peers)
    return found


def median(results: list[Result]) -> Result:
    """Of each figure."""
    return Result(
        statistics.median(result.value for result in results),
        statistics.median(result.wal_per_transaction for result in results),
        int(statistics.median(result.temporary_bytes for result in results)),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", required=True)
    parser.add_argument("--seconds", type=int, default=45)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=int, default=2048, help="MiB (default: %(default)s)")
    parser.add_argument("--scale", type=int, default=20, help="of pgbench (default: %(default)s)")
    parser.add_argument("--sorters", type=int, default=85, help="that a pool lets through (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "tuning.json")
    return parser.parse_args()


def main() -> None:
    """Prints and writes `bench/tuning.json`."""
    options = _options()
    machine = Machine(options.memory, 2, _IDLE + 50, active=options.sorters)
    found: dict[str, dict[str, list[Result]]] = {name: {} for name in CONFIGURATIONS}
    kills: dict[str, int] = dict.fromkeys(CONFIGURATIONS, 0)
    for _ in range(options.repeats):
        for configuration in random.sample(list(CONFIGURATIONS), len(CONFIGURATIONS)):
            print(configuration, flush=True)
            with Server(options.image, machine, configuration) as server:
                server.run(f"pgbench -U postgres -q -i -s {options.scale} postgres 2>/dev/null")
                works = list(workloads(options.seconds).items())
                for name, work in random.sample(works, len(works)):
                    found[configuration].setdefault(name, []).append(measure(server, name, work))
                kills[configuration] += all_sort(server, max(10, options.seconds), options.sorters)
    medians = {name: {work: median(got) for work, got in works.items()} for name, works in found.items()}
    shares = {name: results["tpc-b"].wal_per_transaction for name, results in medians.items()}
    document = {
        "conditions": {"date": time.strftime("%Y-%m-%d"), "seconds": options.seconds, "repeats": options.repeats}
        | {"memory": options.memory, "scale": options.scale, "sorters": options.sorters},
        "medians": {name: {work: asdict(result) for work, result in works.items()} for name, works in medians.items()},
        "basalt_to_best_peer": {name: round(ratio, 3) for name, ratio in ratios(medians).items()},
        "wal_to_default": {name: round(share / shares["default"], 3) for name, share in shares.items()},
        "killed_for_memory": kills,
    }
    options.output.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps({key: document[key] for key in ("basalt_to_best_peer", "wal_to_default", "killed_for_memory")}))


if __name__ == "__main__":
    main()
