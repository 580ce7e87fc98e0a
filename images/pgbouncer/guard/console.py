"""PgBouncer's console over its Unix socket, by the simple queries of PostgreSQL's protocol (manual, 53.2).

Who runs as PgBouncer's own user is let in as `pgbouncer` there, without a password (pgbouncer.org/usage, "Admin
console"). Nothing on the network can be such a user."""

import socket
import struct

SOCKET = "/tmp/.s.PGSQL.6432"  # noqa: S108  the container's own
_VERSION = 3 << 16
_SECONDS = 5.0


class ConsoleError(Exception):
    """What PgBouncer answered in place of a result."""


class Console:
    """One connection. OSError when PgBouncer is gone or does not answer."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_SECONDS)
        self._socket.connect(SOCKET)
        self._buffer = b""
        told = struct.pack(">I", _VERSION) + b"user\0pgbouncer\0database\0pgbouncer\0\0"
        self._socket.sendall(struct.pack(">I", len(told) + 4) + told)
        self.answer()

    def fileno(self) -> int:
        """For select(2)."""
        return self._socket.fileno()

    def close(self) -> None:
        """Ends the connection; a PAUSE that still waits is taken back by PgBouncer."""
        self._socket.close()

    def ask(self, statement: str) -> list[dict[str, str]]:
        """The rows of an answer, by column."""
        self.send(statement)
        return self.answer()

    def send(self, statement: str) -> None:
        """Asks, and does not wait."""
        told = statement.encode() + b"\0"
        self._socket.sendall(b"Q" + struct.pack(">I", len(told) + 4) + told)

    def answer(self) -> list[dict[str, str]]:
        """The rows of what was asked before. ConsoleError with PgBouncer's words."""
        names: list[str] = []
        rows: list[dict[str, str]] = []
        refused = ""
        while True:
            kind, body = self._message()
            if kind == b"E":
                refused = _message_of(body)
            elif kind == b"T":
                names = _names(body)
            elif kind == b"D":
                rows.append(dict(zip(names, _row(body), strict=True)))
            if refused and kind in (b"E", b"Z"):
                raise ConsoleError(refused)
            if kind == b"R" and body != b"\0\0\0\0":
                raise ConsoleError("a password is asked for: this is not PgBouncer's own user")
            if kind == b"Z":
                return rows

    def _message(self) -> tuple[bytes, bytes]:
        kind, length = struct.unpack(">cI", self._take(5))
        return kind, self._take(length - 4)

    def _take(self, number: int) -> bytes:
        while len(self._buffer) < number:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionResetError("PgBouncer has closed its console")
            self._buffer += data
        taken, self._buffer = self._buffer[:number], self._buffer[number:]
        return taken


def _message_of(body: bytes) -> str:
    """The field M of an ErrorResponse."""
    fields = [field.decode(errors="replace") for field in body.split(b"\0") if field]
    return next((field[1:] for field in fields if field[0] == "M"), "refused")


def _names(body: bytes) -> list[str]:
    """The columns of a RowDescription: a name that ends with a zero, and 18 bytes."""
    (number,), position, names = struct.unpack_from(">H", body), 2, []
    for _ in range(number):
        end = body.index(b"\0", position)
        names.append(body[position:end].decode())
        position = end + 1 + 18
    return names


def _row(body: bytes) -> list[str]:
    """The columns of a DataRow as text; "" for null."""
    (number,), position, columns = struct.unpack_from(">H", body), 2, []
    for _ in range(number):
        (length,) = struct.unpack_from(">i", body, position)
        position += 4
        columns.append(body[position : position + max(0, length)].decode(errors="replace"))
        position += max(0, length)
    return columns
