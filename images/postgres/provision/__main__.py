"""Brings roles, databases, privileges and Patroni's dynamic configuration to what a document declares.

Says what it changes, one line each; nothing is changed twice, nothing is dropped. A parameter that takes effect at a
start only restarts the members, the primary last."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from cluster import Cluster
from desired import merge_patch
from server import Server

TLS = Path("/etc/basalt/tls")
_PAUSE = 1.0  # seconds before a failed attempt is repeated
_NOTICE = 15.0  # seconds in which every member has taken up a changed configuration
_ROUNDS = 3  # of restarts: replicas take up a lower limit only after the primary has (hot standby, manual 26.4)


class Provisioner:
    """`document`: see `basalt.services.postgres.plan`."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._cluster = Cluster(document["patroni"], TLS)
        self._server = Server(document["sql"], TLS, self._say)
        self.changes = 0

    def _say(self, line: str) -> None:
        self.changes += 1
        print(line, flush=True)

    def run(self, deadline: float) -> None:
        """One attempt. OSError and psycopg.Error when something does not answer."""
        self._cluster.wait_for_leader(deadline)
        self._configure()
        self._restart_where_pending(deadline)
        self._server.roles(self._document["roles"])
        self._server.closed_to_strangers()
        for database in self._document["databases"]:
            self._server.database(database)

    def _configure(self) -> None:
        patch = merge_patch(self._document["configuration"], self._cluster.configuration())
        if not patch:
            return
        at_start = self._server.need_restart() & set(patch.get("postgresql", {}).get("parameters", {}))
        self._cluster.configure(patch)
        self._say(f"configuration {json.dumps(patch, sort_keys=True)}")
        noticed = time.monotonic() + _NOTICE
        while at_start and time.monotonic() < noticed and not all(map(self._cluster.restart_pending, self._running())):
            time.sleep(_PAUSE)

    def _running(self) -> list[dict[str, Any]]:
        """The primary last."""
        alive = [member for member in self._cluster.members() if member["state"] in ("running", "streaming")]
        return sorted(alive, key=lambda member: str(member["role"]) == "leader")

    def _restart_where_pending(self, deadline: float) -> None:
        for _ in range(_ROUNDS):
            pending = [member for member in self._running() if self._cluster.restart_pending(member)]
            for member in pending:
                self._cluster.restart(member)
                self._say(f"restarted {member['name']}")
            if not pending:
                return
            self._cluster.wait_for_leader(deadline)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", type=Path, help="what is declared (JSON)")
    parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="in all (default: %(default)s)")
    return parser.parse_args()


def main() -> int:
    """0 when all is as declared."""
    options = _options()
    provisioner = Provisioner(json.loads(options.document.read_text()))
    deadline = time.monotonic() + options.wait
    while True:
        try:
            provisioner.run(deadline)
        except (OSError, psycopg.OperationalError) as error:
            # A primary may change under our hands; what has been done is not done again.
            if time.monotonic() > deadline:
                print(f"gave up after {options.wait:.0f} s: {error}", file=sys.stderr)
                return 1
            time.sleep(_PAUSE)
        else:
            print(f"{provisioner.changes} changes" if provisioner.changes else "nothing to change")
            return 0


if __name__ == "__main__":
    sys.exit(main())
