"""Processes told apart for certain: an id is used again after a process ends, id and start time together are not."""

import json
import os
import select
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

_STARTTIME = 19  # 22nd field of proc(5)'s stat, counted behind the closing parenthesis of the command


@dataclass(frozen=True)
class Process:
    pid: int
    started: int
    """Clock ticks after boot."""
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" else cls(pid, int(fields[_STARTTIME]), boot)

    @classmethod
    def load(cls, path: Path) -> "Process | None":
        """The recorded process, if that very one still runs."""
        try:
            recorded = cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return recorded if cls.of(recorded.pid) == recorded else None

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)) + "\n")

    def ended_within(self, seconds: float) -> bool:
        """Wait until it has ended, at most so long."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if Process.of(self.pid) != self:
                return True
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)

    def terminate(self, seconds: float) -> bool:
        """Ask it to end and wait; False when it still runs then."""
        if Process.of(self.pid) == self:
            os.kill(self.pid, signal.SIGTERM)
        return self.ended_within(seconds)
