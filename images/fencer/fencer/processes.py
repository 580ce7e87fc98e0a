"""The first process of a container that is known by its address, as a pidfd.

Needs the host's /proc at `PROC` and, to kill, CAP_KILL; nothing of the engine's. Sources: pidfd_open(2),
proc_pid_status(5) (`NSpid`), pid_namespaces(7)."""

import os
import re
import select
import signal
from pathlib import Path

PROC = Path("/proc")
_OWN_ADDRESS = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")
#: What a process is like that has ended. Any other fault is none that one may take for an end.
_ENDED = (FileNotFoundError, ProcessLookupError)
_NAMES = re.compile(r"^NSpid:\t(.*)$", re.MULTILINE)


class First:
    """The first process of the container at `address`, for as long as it lives."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid, self.descriptor = pid, descriptor

    @property
    def ended(self) -> bool:
        """The proof of death: nothing of the container runs any more."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def kill(self) -> None:
        """SIGKILL. ProcessLookupError when it has ended; PermissionError without CAP_KILL."""
        signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)

    def close(self) -> None:
        """To be called once."""
        os.close(self.descriptor)


class Finder:
    """Looks for it. Processes that were seen to be no container's first are not looked at twice."""

    def __init__(self, address: str, proc: Path = PROC) -> None:
        self._address, self._proc = address, proc
        self._others: set[str] = set()
        self._looks = 0

    def find(self) -> First | None:
        """Costs a look at each new process; numbers come back, so now and then at all. OSError: it cannot be known."""
        self._looks += 1
        if self._looks % 50 == 0:
            self._others.clear()
        pids = {entry.name for entry in self._proc.iterdir() if entry.name.isdecimal()}
        self._others &= pids
        for pid in sorted(pids - self._others, key=int, reverse=True):
            found = self._first(int(pid))
            if found:
                return found
        return None

    def present(self) -> bool:
        """Whether there is a living one now; looked for with fresh eyes."""
        self._others.clear()
        found = self.find()
        if found:
            found.close()
        return found is not None

    def _first(self, pid: int) -> First | None:
        """The descriptor is opened before the look and asked after it: then all three mean the same process."""
        folder = self._proc / str(pid)
        try:
            if not _is_first((folder / "status").read_text()):
                self._others.add(str(pid))
                return None
            descriptor = os.pidfd_open(pid)
        except _ENDED:
            return None
        first = First(pid, descriptor)
        try:
            # A container that is only just made has no address yet: it is looked at again.
            mine = _is_first((folder / "status").read_text()) and self._address in _OWN_ADDRESS.findall(
                (folder / "net/fib_trie").read_text()
            )
        except _ENDED:
            mine = False
        except OSError:
            first.close()
            raise
        if mine and not first.ended:
            return first
        first.close()
        return None


def _is_first(status: str) -> bool:
    """Whether it is number 1 in a namespace below the host's."""
    names = _NAMES.search(status)
    numbers = names[1].split() if names else []
    return len(numbers) > 1 and numbers[-1] == "1"
