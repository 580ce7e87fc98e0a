"""What a proof costs: a drill against a copy of the same data, a full backup against pgBackRest's defaults, in turns.

    python -m bench.drill [--scale 50] [--repeats 3] [--processes 1] [--output bench/drill.json]

One container with a database of pgbench and its repository (tests/drills/house.py), without a network. Per repeat, in
seconds:
  copy       `cp -a` of the data, what costs least
  unpack     the same files out of as many of `zstd`, decompressed by as many processes at once: neither decrypted, nor
             compared with a checksum. `synced`: and written to the disk, as a restore does
  drill      restore, replay to a point of chance, structure, rows, checksums, and each file of the repository; the
             room is made before and after. `proof` is the first five of it, without the rest
  backup     full, as stacks take it: zstd, encrypted, bundled, block incremental
  defaults   full, with what pgBackRest does unless told otherwise: gzip, not encrypted, not bundled
`restore_of_unpack`, `restore_of_synced`: bytes a second of the drill's restore, of those of the other.
Both backups begin at once (`start-fast`) and leave the check of the archive out: copying is what is measured."""

import argparse
import io
import json
import os
import shutil
import statistics
import tarfile
import time
from pathlib import Path
from typing import Any

from tests.drills.house import AT_ONCE, DRILL, House, configuration, house
from tests.live.project import ROOT

_PLAIN = "/var/lib/good/plain"
_DEFAULTS = (
    f"pgbackrest --config=/dev/null --repo1-path={_PLAIN} --pg1-path=$data --pg1-socket-path=/var/lib/pg"
    " --pg1-user=postgres --stanza=main --lock-path=/tmp/lock --log-level-file=off --start-fast --no-archive-check"
)
_COPY, _PACKED = "/var/lib/good/copy", "/var/lib/good/packed"
_PROOF = ("restore", "replay", "structure", "rows", "checksums")
_OURS = "pgbackrest --stanza=main --no-archive-check"


def timed(place: House, script: str) -> float:
    """Seconds of a script, after what was written before has reached the disk."""
    os.sync()
    started = time.monotonic()
    place.run(script)
    return round(time.monotonic() - started, 2)


def measure(place: House, scale: int, repeats: int, processes: int) -> dict[str, Any]:
    """All repeats, arms in turns."""
    place.run(f"begin; /usr/lib/postgresql/17/bin/pgbench -h /var/lib/pg -U postgres -i -q -s {scale} postgres")
    place.run(f"{_DEFAULTS.replace('--start-fast --no-archive-check', '')} --no-online stanza-create")
    runs: list[dict[str, float]] = []
    for _ in range(repeats):
        run = {
            "defaults": timed(place, f"{_DEFAULTS} --type=full --repo1-retention-full=99 backup"),
            "backup": timed(place, f"{_OURS} --process-max={processes} --type=full backup"),
        }
        run["backup_bytes"] = _size(place, '"$newest"')
        plain = f"$(find {_PLAIN}/backup/main -maxdepth 1 -name '2*F' | sort | tail -n 1)"
        run["defaults_bytes"] = _size(place, f'"{plain}"')
        # Log beyond the backup, so that there is something to replay.
        place.run("/usr/lib/postgresql/17/bin/pgbench -h /var/lib/pg -U postgres -n -c 2 -t 3000 postgres > /dev/null")
        place.run('sql -c "SELECT pg_switch_wal()" > /dev/null; pgbackrest --stanza=main check > /dev/null')
        run["copy"] = timed(place, f'cp -a "$data" {_COPY}')
        run |= unpack(place, processes)
        started = time.monotonic()
        report = place.drill()
        run["drill"] = round(time.monotonic() - started, 2)
        if report["fault"]:
            raise SystemExit(f"the drill failed: {report}")
        run["proof"] = round(sum(report["seconds"][step] for step in _PROOF), 2)
        run |= {f"drill_{step}": seconds for step, seconds in report["seconds"].items()}
        run |= {"database_bytes": report["bytes"], "replayed_bytes": report["replayed"]}
        runs.append(run)
    return {"summary": summary(runs), "scale": scale, "processes": processes, "runs": runs}


def unpack(place: House, processes: int) -> dict[str, float]:
    """Of `_COPY`, which goes."""
    place.run(f"zstd -q -T0 -r {_COPY} --output-dir-mirror {_PACKED} && rm -r {_COPY}")
    files = f"find {_PACKED} -name '*.zst' -print0 | xargs -0 -n 64 -P {processes}"
    seconds = timed(place, f"{files} zstd -q -d --output-dir-mirror {_COPY}")
    started = time.monotonic()
    place.run(f"find {_COPY} -type f -exec sync {{}} +")
    synced = seconds + time.monotonic() - started
    place.run(f"rm -r {_COPY} {_PACKED}")
    return {"unpack": seconds, "synced": round(synced, 2)}


def bring(place: House, program: str) -> None:
    """A program of this machine, which the image does without. SystemExit where it is not here."""
    found = shutil.which(program)
    if not found:
        raise SystemExit(f"{program} is not here: apt-get install {program}")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(found, program)
    place.container.put_archive("/usr/local/bin", packed.getvalue())


def _size(place: House, folder: str) -> int:
    return int(place.run(f"du --summarize --bytes {folder}").split()[0])


def summary(runs: list[dict[str, float]]) -> dict[str, float]:
    """Medians, and what they are of each other."""
    median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return {
        **{
            name: round(median[name], 2)
            for name in ("copy", "unpack", "synced", "drill", "proof", "backup", "defaults")
        },
        "drill_of_copy": round(median["drill"] / median["copy"], 2),
        "proof_of_copy": round(median["proof"] / median["copy"], 2),
        "restore_of_unpack": round(median["unpack"] / median["drill_restore"], 2),
        "restore_of_synced": round(median["synced"] / median["drill_restore"], 2),
        "backup_of_defaults": round(median["backup"] / median["defaults"], 2),
        "repository_of_defaults": round(median["backup_bytes"] / median["defaults_bytes"], 2),
        "restored_megabytes_per_second": round(median["database_bytes"] / median["drill_restore"] / 1e6),
    }


def main() -> None:
    """Prints and writes `bench/drill.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=50, help="of pgbench; 50 are 750 MB")
    parser.add_argument("--repeats", type=int, default=3)
    cores = max(1, (os.cpu_count() or 1) // 2)
    parser.add_argument("--processes", type=int, default=cores, help="at once; a stack takes half of the host's cores")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "drill.json")
    options = parser.parse_args()
    with house() as place:
        bring(place, "zstd")
        place.write("drill.conf", configuration(DRILL, AT_ONCE, processes=options.processes))
        told = measure(place, options.scale, options.repeats, options.processes)
    text = json.dumps(told, indent=1)
    print(text)
    options.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
