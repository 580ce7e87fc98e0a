"""One member's part in a planned switchover. Tells what happens as JSON, one line each; is told by words.

    postgres-switch look               the cluster, and this member's open transactions
    postgres-switch leave CANDIDATE    on the leader: "ready" after a checkpoint; at `go` Patroni switches over, and
                                       "stopped" says where the log ends
    postgres-switch take LEADER        on the candidate: "ready" after a checkpoint; at `take LSN` the lock of LEADER is
                                       released when the log is here up to there, and "leads" says on which timeline
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
from member import Member

_POLL = 0.01  # seconds
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
    say("seen", cluster=member.cluster(), transactions=member.transactions())
    return 0


def leave(candidate: str) -> int:
    """See above."""
    member = Member()
    member.checkpoint()
    say("ready")
    if sys.stdin.readline().strip() != "go":
        return 0
    member.close()
    refused: list[str] = []
    patroni = threading.Thread(target=lambda: refused.append(member.switch(candidate)), daemon=True)
    patroni.start()
    deadline = time.monotonic() + _STOP
    while (end := member.stopped_at()) is None and not refused and time.monotonic() < deadline:
        time.sleep(_POLL)
    if end is None and refused != [""]:
        say("refused", why=refused[0] if refused else f"PostgreSQL did not stop in {_STOP:.0f} s")
        return 1
    # An archiver that lasts: Patroni has not waited for it, and somebody else leads already.
    say("stopped", lsn=end or 0)
    patroni.join()
    say("told", why=refused[0])
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
    verbs.add_parser("leave").add_argument("candidate")
    verbs.add_parser("take").add_argument("leader")
    verbs.add_parser("restart")
    options = parser.parse_args()
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
