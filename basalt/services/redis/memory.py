"""How a member's memory limit is shared out, so that the kernel never has to kill it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shares:
    """MiB."""

    #: Keys and values; at this size Redis evicts, or refuses writes.
    keys: int
    #: What a replica may have missed and still catch up with (repl-backlog-size).
    backlog: int
    #: The most that may wait for a slow replica before it is cut off.
    replica_buffer: int


def shares(limit: int) -> Shares:
    """The shares of a limit in MiB.

    Half is for keys. While the append-only file is rewritten, a forked child holds a copy of each page that changes
    meanwhile, and the changes are buffered (redis.io, "Redis administration": provide up to twice the memory of the
    keys). Replicas share one buffer with the backlog since Redis 7.0; `maxmemory` does not count it."""
    return Shares(keys=limit // 2, backlog=max(1, limit // 16), replica_buffer=max(2, limit // 8))
