"""Writers that keep account: each inserts (client, seq) rows, one after the other, and writes what became of a row into
a file of its own before the next. Afterwards it is known what was acknowledged and is gone, what was refused and is
there, and for how long nobody could write.

    python -m bench.writers FOLDER      runs until its standard input ends; `FOLDER/link.json`: libpq's parameters of
                                        each client. One process for all: they wait more than they compute.

A row is `acked`, `refused` (the server said no; nothing of it may be there) or `unknown` (the connection broke before
an answer: it may be there or not). A line of a file is `seq outcome sent answered error`, in seconds of this host's
monotonic clock."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import psycopg

TABLE = "bench_ledger"
SCHEMA = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
    run text NOT NULL, client int NOT NULL, seq int NOT NULL, PRIMARY KEY (run, client, seq))"""
_INSERT = f"INSERT INTO {TABLE} (run, client, seq) VALUES (%s, %s, %s)"  # noqa: S608  a constant
_AGAIN = 0.02  # seconds before a refused client connects again

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row, and when."""

    client: int
    seq: int
    outcome: str
    sent: float
    answered: float
    error: str = ""


class Client(threading.Thread):
    """One writer with a connection of its own."""

    def __init__(self, number: int, told: dict[str, Any], ledger: TextIO, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._run, self._link, self._pause = told["run"], told["clients"][number], told["pause"]
        self._number, self._ledger, self._halt = number, ledger, stop
        self._connection: Connection | None = None

    def run(self) -> None:
        """Until it is told to stop, or its connections are refused for good."""
        seq = 0
        while not self._halt.is_set():
            seq += 1
            sent = time.monotonic()
            outcome, error = self._insert(seq)
            told = f"{seq} {outcome} {sent:.6f} {time.monotonic():.6f} {error}".rstrip()
            self._ledger.write(told + "\n")
            self._ledger.flush()
            if pause := self._pause if outcome == "acked" else _AGAIN:
                self._halt.wait(pause)
        if self._connection:
            self._connection.close()

    def _insert(self, seq: int) -> tuple[str, str]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(autocommit=True, **self._link)
        except psycopg.Error as error:
            return "refused", _told(error)  # nothing was sent
        try:
            self._connection.execute(_INSERT, [self._run, self._number, seq])
        except psycopg.Error as error:
            # An error with a code came from a server that is still there; without one, the connection is gone. A server
            # that is being stopped may have committed (57P01 after the commit record).
            known = error.sqlstate is not None and not error.sqlstate.startswith(("57P", "08"))
            if not known:
                self._connection.close()
            return ("refused" if known else "unknown"), _told(error)
        return "acked", ""


def _told(error: psycopg.Error) -> str:
    return f"{error.sqlstate or '-'} {' '.join(str(error).split())}"


def serve(folder: Path) -> None:
    """The process: writes until standard input ends."""
    told = json.loads((folder / "link.json").read_text())
    stop = threading.Event()
    files = [(folder / f"{number}.ledger").open("w") for number in range(len(told["clients"]))]
    clients = [Client(number, told, file, stop) for number, file in enumerate(files)]
    for client in clients:
        client.start()
    sys.stdin.read()
    stop.set()
    for client in clients:
        client.join(30)


class Writers:
    """The process as its caller has it; `links`: libpq's parameters, one for each client. They hold a password, so
    `folder` is the caller's to guard and to remove. `pause`: seconds of a client after a row that was acknowledged."""

    def __init__(self, folder: Path, run: str, links: list[dict[str, Any]], pause: float = 0) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / "link.json"
        link.touch(mode=0o600)
        link.write_text(json.dumps({"run": run, "clients": links, "pause": pause}))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Writers":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.writers", str(self._folder)], stdin=subprocess.PIPE
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process is not None  # noqa: S101  entered
        self._process.communicate()
        (self._folder / "link.json").unlink()

    def rows(self) -> list[Row]:
        """What has been written so far, by client and number."""
        return list(ledger(self._folder))


def ledger(folder: Path) -> Iterator[Row]:
    """The rows of all ledgers of a folder; a line that is not whole yet is left out."""
    for file in sorted(folder.glob("*.ledger"), key=lambda path: int(path.stem)):
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                seq, outcome, sent, answered, *error = line.rstrip("\n").split(" ", 4)
                yield Row(int(file.stem), int(seq), outcome, float(sent), float(answered), *error)


@dataclass(frozen=True, slots=True)
class Account:
    """`lost`: acknowledged, and not there. `ghosts`: refused, and there. `failed`: refused or unknown; `errors`: what
    was said to them, and when after the first row of all."""

    acked: int
    failed: int
    lost: int
    ghosts: int
    errors: tuple[str, ...] = ()


def settle(rows: list[Row], present: set[tuple[int, int]]) -> Account:
    """Compares what clients were told with (client, seq) of what is there."""
    by = {kind: {(row.client, row.seq) for row in rows if row.outcome == kind} for kind in ("acked", "refused")}
    begin = min((row.sent for row in rows), default=0.0)
    failed = [row for row in rows if row.outcome != "acked"]
    return Account(
        acked=len(by["acked"]),
        failed=len(failed),
        lost=len(by["acked"] - present),
        ghosts=len(by["refused"] & present),
        errors=tuple(f"{one.answered - begin:.2f} s, client {one.client}: {one.error}" for one in failed),
    )


def longest_gap(rows: list[Row], begin: float, end: float) -> float:
    """Seconds for which the client that was hit worst got nothing acknowledged, between two moments: from one answer
    that it was glad of to the next, also where it began before or ended after them."""
    clients = {row.client for row in rows}
    return max((_gap([row for row in rows if row.client == client], begin, end) for client in clients), default=0)


def _gap(rows: list[Row], begin: float, end: float) -> float:
    acked = [row.answered for row in rows if row.outcome == "acked"]
    pairs = zip(acked, [*acked[1:], end], strict=True)
    return max((after - before for before, after in pairs if after > begin and before < end), default=end - begin)


def present(connection: Connection, run: str) -> set[tuple[int, int]]:
    """(client, seq) of the rows that are there."""
    rows = connection.execute(f"SELECT client, seq FROM {TABLE} WHERE run = %s", [run])  # noqa: S608  a constant
    return {(int(client), int(seq)) for client, seq in rows}


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
