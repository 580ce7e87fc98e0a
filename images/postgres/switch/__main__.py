"""One member's part in a planned switchover. Tells what happens as JSON, one line each; is told by words.

    postgres-switch look               the cluster, what waits for a restart of this member, and its open transactions
    postgres-switch leave CANDIDATE    on the leader: "ready" after a checkpoint; at `go` Patroni begins to switch over,
                                       "gate" says that PostgreSQL is about to be stopped; at `open` it is, and
                                       "stopped" says where the log ends
    postgres-switch take LEADER        on the candidate: "ready" after a checkpoint; at `take LSN` the lock of LEADER is
                                       released when the log is here up to there, and "leads" says on which timeline
    postgres-switch gate               what Patroni runs before it stops PostgreSQL
    postgres-switch restart            "ready" after a checkpoint; at `go` PostgreSQL is restarted

Patroni shuts PostgreSQL down, keeps the lock until its next look (after a second), and only then lets others have it.
The lock protects a primary that may still write; one that was shut down cleanly, with all of its log at the candidate,
needs none. So it is released as Patroni itself would, by a transaction that compares whose it is; who takes it, and
how, is Patroni's as ever."""

import argparse
import json
import sys
import threading
import time

import psycopg
from gate import Gate, wait
from member import Member

_POLL = 0.01  # seconds
_BEGIN = 15.0  # seconds
_LOOK = 0.2  # seconds
_STOP = 30.0  # seconds; by then the caller has given up long since
_CATCH_UP = 3.0  # seconds
_PROMOTION = 15.0  # seconds
#: Bytes of a shutdown checkpoint in the log (24 of header, 2, and pg_control's CheckPoint: 88).
_CHECKPOINT = 114


def say(event: str, **more: object) -> None:
    """One line."""
    print(json.dumps({"event": event, **more}), flush=True)


def look() -> int:
    """See above."""
    member = Member()
    say("seen", cluster=member.cluster(), waiting=member.waiting(), transactions=member.transactions())
    return 0


def leave(candidate: str) -> int:
    """See above."""
    member = Member()
    member.checkpoint()
    gate = Gate()
    try:
        say("ready")
        if sys.stdin.readline().strip() != "go":
            return 0
        member.close()
        order = Order(member, candidate)
        if not order.reaches(gate):
            say("refused", why=order.why() or f"Patroni did not begin in {_BEGIN:.0f} s")
            return 1
        say("gate")
        sys.stdin.readline()
    finally:
        gate.open()
    return _stopped(member, order)


class Order:
    """The order to Patroni, whose answer comes when all is over."""

    def __init__(self, member: Member, candidate: str) -> None:
        self._answers: list[str] = []
        self._thread = threading.Thread(target=lambda: self._answers.append(member.switch(candidate)), daemon=True)
        self._thread.start()

    def reaches(self, gate: Gate) -> bool:
        """Whether Patroni comes to the gate; False as soon as it refuses."""
        deadline = time.monotonic() + _BEGIN
        while time.monotonic() < deadline and not self._answers:
            if gate.reached(_LOOK):
                return True
        return False

    def why(self) -> str:
        """Patroni's words where it refused; else ""."""
        return self._answers[0] if self._answers else ""

    @property
    def over(self) -> bool:
        """Whether Patroni has answered."""
        return bool(self._answers)

    def wait(self) -> None:
        """Until it has."""
        self._thread.join()


def _stopped(member: Member, order: Order) -> int:
    deadline = time.monotonic() + _STOP
    while (end := member.stopped_at()) is None and not order.over and time.monotonic() < deadline:
        time.sleep(_POLL)
    if end is None and (order.why() or not order.over):
        say("refused", why=order.why() or f"PostgreSQL did not stop in {_STOP:.0f} s")
        return 1
    # An archiver that lasts: Patroni has not waited for it, and somebody else leads already.
    say("stopped", lsn=end or 0)
    order.wait()
    say("told", why=order.why())
    return 0


def take(leader: str) -> int:
    """See above."""
    member = Member()
    member.checkpoint()
    say("ready")
    words = sys.stdin.readline().split()
    if words[:1] != ["take"]:
        return 0
    end, deadline = int(words[1]), time.monotonic() + _CATCH_UP
    while (received := member.received()) < end + _CHECKPOINT and time.monotonic() < deadline:
        time.sleep(_POLL)
    # Without all of the log here, Patroni decides when and to whom the lock goes.
    released = received >= end + _CHECKPOINT and member.release(leader)
    say("released" if released else "left", received=received)
    deadline = time.monotonic() + _PROMOTION
    while (timeline := member.leads()) is None and time.monotonic() < deadline:
        time.sleep(_POLL)
    if timeline is None:
        say("refused", why=f"{member.name} was not promoted in {_PROMOTION:.0f} s")
        return 1
    say("leads", timeline=timeline)
    return 0


def restart() -> int:
    """See above."""
    member = Member()
    member.checkpoint()
    say("ready")
    if sys.stdin.readline().strip() != "go":
        return 0
    member.close()
    member.restart()
    say("restarted")
    return 0


def main() -> int:
    """0 when it is done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("look")
    verbs.add_parser("gate")
    verbs.add_parser("leave").add_argument("candidate")
    verbs.add_parser("take").add_argument("leader")
    verbs.add_parser("restart")
    options = parser.parse_args()
    if options.verb == "gate":
        wait()
    try:
        if options.verb == "leave":
            return leave(options.candidate)
        if options.verb == "take":
            return take(options.leader)
        return look() if options.verb == "look" else restart()
    except (OSError, psycopg.Error) as error:
        say("refused", why=str(error).strip())
        return 1


if __name__ == "__main__":
    sys.exit(main())
