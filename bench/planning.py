"""How long loading, planning and registering under mocks take, for 10 to 400 containers.

    python -m bench.planning [--rounds N]

Each size is a fresh interpreter. Goal: linear growth, <= 2 s at 150 containers, imports included.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
SIZES = (50, 100, 150, 400)
_SMALL = 10


def stack(containers: int) -> dict[str, object]:
    """The services of `test` with as many replicas of the api as fill up to a size; etcd and Redis alone for 10."""
    document = yaml.safe_load((ROOT / "stacks" / "Pulumi.test.yaml").read_text())["config"]["basalt:topology"]
    document["hosts"]["local"]["memory_gb"] = 512
    if containers <= _SMALL:
        document["services"] = {"etcd": {"members": 3}, "redis": {"members": 3}}
    else:
        document["services"]["app"]["parts"]["api"]["replicas"] = containers - _others(document)
        document["services"]["postgres"]["max_connections"] = 10_000
    found: dict[str, object] = document
    return found


def _others(document: dict[str, object]) -> int:
    from basalt.plan import survey
    from basalt.topology.load import load

    return len([i for i in survey(load("bench", document)).instances if i.workload.name != "api"])


def measure(containers: int) -> dict[str, float]:
    """Runs in its own interpreter: seconds of each step."""
    document = stack(containers)
    gc.disable()  # as __main__.py does
    started = time.perf_counter()
    from basalt.plan import plan
    from basalt.topology.load import load
    from tests.mocks import program

    imported = time.perf_counter()
    topology = load("bench", document)
    made = plan(topology)
    planned = time.perf_counter()
    resources = len(program(topology))
    ended = time.perf_counter()
    return {
        "containers": len(made.planned),
        "resources": resources,
        "import": imported - started,
        "plan": planned - imported,
        "mocks": ended - planned,
        "total": ended - started,
    }


def main() -> None:
    """Prints and writes `bench/planning.json`: medians for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    rows = []
    for size in (_SMALL, *SIZES):
        command = [sys.executable, "-m", "bench.planning", "--one", str(size)]
        runs = [
            json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
            for _ in range(options.rounds)
        ]
        rows.append({key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]})
        print(rows[-1], file=sys.stderr, flush=True)
    (ROOT / "bench" / "planning.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
