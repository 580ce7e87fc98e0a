"""How long `basalt hosts site` takes to find that nothing has to be changed.

    python -m bench.site --collections FOLDER [--rounds 3]

site     over three hosts that are as the run before left them
each     over the same, where every role looks for itself (standing_hours: 0), as after a day or any change
dev_sec  os_hardening and ssh_hardening of dev-sec/ansible-collection-hardening over one; FOLDER as in bench.hardening
All are bare Debian hosts in containers (tests/lab), one of ours of release 12 and the others of 13, made ready first;
then all run in turns. `ratio`: of medians."""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import dev_sec
from tests.ansible.lab import HOSTS, STRANGER, Lab, lab
from tests.live.project import ROOT


def _site(made: Lab, *arguments: str) -> dict[str, Any]:
    run = made.right("site", *arguments)
    return {
        "changed": sum(run.of(name, "changed") for name in HOSTS),
        "tasks": sum(run.of(name, "ok") for name in HOSTS),
        "seconds": round(run.seconds, 1),
    }


def measure(rounds: int, collections: Path) -> dict[str, Any]:
    """First runs, then rounds in turns. SystemExit where a run that should have changed nothing did."""
    with tempfile.TemporaryDirectory() as name, lab(Path(name)) as made:
        key = made.operator.key.with_suffix(".pub").read_text().strip()
        made.tell(base_users=[{"name": "ops", "keys": [key], "sudo": True}])

        def theirs() -> dict[str, Any]:
            at = f"{made.machines[STRANGER].address},"
            # Its auditd cannot start where the kernel is another's, and ends the run; ours is made ready only.
            variables = {**made.operator.variables, "os_auditd_enabled": False}
            return dev_sec.run(at, Path(name), collections, variables, made.project.environment)

        found: dict[str, Any] = {"first": {"site": _site(made), "dev_sec": theirs()}, "rounds": []}
        _site(made)
        theirs()
        for _ in range(rounds):
            each = _site(made, "--extra-vars", "standing_hours=0")
            found["rounds"].append({"each": each, "site": _site(made), "dev_sec": theirs()})
            if found["rounds"][-1]["site"]["tasks"] >= each["tasks"]:
                raise SystemExit(f"a host is not as the run before left it: {found['rounds'][-1]}")
            print(found["rounds"][-1], flush=True)
    if any(one[arm]["changed"] for one in found["rounds"] for arm in ("site", "each")):
        raise SystemExit(json.dumps(found, indent=1))
    arms = ("site", "each", "dev_sec")
    middle = {arm: statistics.median(one[arm]["seconds"] for one in found["rounds"]) for arm in arms}
    ratio = {arm: round(middle[arm] / middle["dev_sec"], 3) for arm in ("site", "each")}
    return {"date": time.strftime("%Y-%m-%d"), **found, **middle, "ratio": ratio}


def main() -> None:
    """Prints and writes `bench/site.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collections", type=Path, required=True, help="where dev-sec's is")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "site.json")
    options = parser.parse_args()
    told = json.dumps(measure(options.rounds, options.collections), indent=1)
    options.output.write_text(told + "\n")
    print(told)


if __name__ == "__main__":
    main()
