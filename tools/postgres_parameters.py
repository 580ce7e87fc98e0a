"""Writes `basalt/services/postgres/parameters.json` anew: what the image's PostgreSQL says of its parameters.

    python -m tools.postgres_parameters <image>

A server is started in a container without a network, with the libraries of the extensions that have parameters."""

import json
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "basalt" / "services" / "postgres" / "parameters.json"

_SCRIPT = """
set -euo pipefail
bin=/usr/lib/postgresql/17/bin
$bin/initdb -D /tmp/data -A trust -U postgres --locale=C.UTF-8 >/dev/null
$bin/pg_ctl -D /tmp/data -w -l /tmp/log -o "-c listen_addresses= -c unix_socket_directories=/tmp \
  -c shared_preload_libraries=pg_stat_statements,pg_cron,pgaudit" start >/dev/null
psql -h /tmp -U postgres -XqAt
"""
_QUERY = """
LOAD 'auto_explain'; LOAD 'plpgsql';
SELECT json_object_agg(name, told) FROM (
  SELECT name, json_strip_nulls(json_build_object('context', context, 'type', vartype, 'unit', unit,
    'least', min_val::float8, 'most', max_val::float8, 'values', enumvals)) AS told
  FROM pg_settings WHERE context <> 'internal') AS found;
"""


def main() -> None:
    """One line a parameter, sorted: a new version shows as a diff that can be read."""
    image = sys.argv[1]
    command = ["docker", "run", "--rm", "--interactive", "--network", "none", image, "bash", "-c", _SCRIPT]
    done = subprocess.run(command, input=_QUERY, text=True, capture_output=True, check=True)
    found = json.loads(done.stdout)
    lines = [f"  {json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found)]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
