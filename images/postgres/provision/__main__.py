"""Brings roles, databases, privileges and Patroni's dynamic configuration to what a document declares.

Says what it changes, one line each; nothing is changed twice, nothing is dropped: what is there and not declared is
named and left. It restarts nobody: a parameter that takes effect at a start only is named, as is what has to wait for
it; `basalt restart` does that while clients are kept waiting. In the container of the primary it compares (`--diff`) or
does so once more (`--apply`), without passwords, which are not there."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from cluster import Cluster
from desired import merge_patch, told
from server import BY_SOCKET, DeclarationError, Server, over_tls

TLS = Path("/etc/basalt/tls")
_PAUSE = 1.0  # seconds before a failed attempt is repeated
_NOTICE = 15.0  # seconds in which every member has taken up a changed configuration
#: Whoever follows in an `up` need not begin (basalt.services.postgres.plan).
_NOBODY = "nobody has to be restarted"
_NO_PRIMARY = 3  # the exit code of `--diff` and `--apply` in the container of a replica


class Provisioner:
    """`document`: see `basalt.services.postgres.plan`. `dry`: nothing is changed. `here`: by the own socket."""

    def __init__(self, document: dict[str, Any], *, dry: bool = False, here: bool = False) -> None:
        self._document = document
        self._dry = dry
        self._cluster = Cluster(document["patroni"], TLS)
        link = BY_SOCKET if here else over_tls(document["sql"], TLS)
        self._server = Server(link, self._say, self._leave, dry=dry)
        self.changes = 0
        self.restarts = False
        self.left: list[str] = []

    def _say(self, line: str) -> None:
        self.changes += 1
        print(f"+ {line}" if self._dry else line, flush=True)

    def _leave(self, line: str) -> None:
        if line not in self.left:  # an attempt may be repeated
            self.left.append(line)
            print(f"left: {line}", flush=True)

    @property
    def on_primary(self) -> bool:
        """Whether the server takes writes. psycopg.Error when it does not answer."""
        return self._server.takes_writes()

    def run(self, deadline: float) -> None:
        """One attempt. OSError and psycopg.Error when something does not answer; DeclarationError."""
        self._cluster.wait_for_leader(deadline)
        self._configure()
        self._tell_pending()
        self._server.roles(self._document["roles"])
        self._server.closed_to_strangers()
        for database in self._document["databases"]:
            self._server.database(database)
        names = [database["name"] for database in self._document["databases"]]
        self._server.strangers({role["name"] for role in self._document["roles"]}, names)

    def _configure(self) -> None:
        actual = self._cluster.configuration()
        patch = merge_patch(self._document["configuration"], actual)
        if not patch:
            return
        restarting = self._server.need_restart()
        changed = patch.get("postgresql", {}).get("parameters", {})
        for line in told(patch, actual, restarting):
            self._say(line)
        if self._dry:
            return
        at_start = restarting & set(changed)
        self.restarts |= bool(at_start)  # before: the answer may be lost
        self._cluster.configure(patch)
        noticed = time.monotonic() + _NOTICE
        while at_start and time.monotonic() < noticed and not all(map(self._cluster.restart_pending, self._running())):
            time.sleep(_PAUSE)

    def _running(self) -> list[dict[str, Any]]:
        """The primary last."""
        alive = [member for member in self._cluster.members() if member["state"] in ("running", "streaming")]
        return sorted(alive, key=lambda member: str(member["role"]) == "leader")

    def _tell_pending(self) -> None:
        for member in self._running():
            if self._cluster.restart_pending(member):
                self.restarts = True
                self._leave(f"{member['name']} has to be restarted: basalt restart")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", type=Path, nargs="?", help="what is declared (JSON)")
    parser.add_argument("--diff", metavar="JSON", help="what is declared, to be compared with what is there")
    parser.add_argument("--apply", metavar="JSON", help="what is declared, to be made so, but for passwords")
    parser.add_argument("--wait", type=float, default=300, metavar="SECONDS", help="in all (default: %(default)s)")
    options = parser.parse_args()
    if sum(given is not None for given in (options.document, options.diff, options.apply)) != 1:
        parser.error("give a document, --diff or --apply")
    return options


def main() -> int:
    """0 when all is as declared; with `--diff`, 2 when something is not; 3 where a primary is asked for and none is."""
    options = _options()
    dry, given = options.diff is not None, options.diff or options.apply
    provisioner = Provisioner(json.loads(given or options.document.read_text()), dry=dry, here=given is not None)
    if given is not None and not provisioner.on_primary:
        return _NO_PRIMARY
    deadline = time.monotonic() + options.wait
    while True:
        try:
            provisioner.run(deadline)
        except DeclarationError as error:
            print(error, file=sys.stderr)
            return 1
        except (OSError, psycopg.OperationalError) as error:
            # A primary may change under our hands; what has been done is not done again.
            if dry or time.monotonic() > deadline:
                waited = "cannot be compared" if dry else f"gave up after {options.wait:.0f} s"
                print(f"{waited}: {error}", file=sys.stderr)
                return 1
            time.sleep(_PAUSE)
        else:
            print(f"{provisioner.changes} changes" if provisioner.changes else "nothing to change")
            if not (dry or provisioner.restarts):
                print(_NOBODY)
            return 2 if dry and (provisioner.changes or provisioner.left) else 0


if __name__ == "__main__":
    sys.exit(main())
