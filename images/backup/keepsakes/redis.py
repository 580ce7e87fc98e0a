"""Redis' keys, as a replica would get them: one file that redis-check-rdb reads from end to end."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from keepsakes.source import SourceError, run

_LOGIN = Path("/etc/basalt/redis-password")
_USER = "backup"
_TLS = ("--tls", "--cacert", "/etc/basalt/tls/stack/ca.crt")


def take(members: Sequence[str], path: Path) -> None:
    """From one member, into a new file. SourceError."""
    roles, silent = dict[str, list[str]](), list[str]()
    for member in members:
        try:
            roles[member] = _ask(member, "ROLE")
        except SourceError as error:
            silent.append(f"{member}: {error}")
    for member in order(roles):
        try:
            # A password comes by standard input: arguments and environment are seen by others.
            run(*_words(member), "--user", _USER, "--askpass", "--rdb", str(path), given=_LOGIN.read_text() + "\n")
            check(path)
        except SourceError as error:
            silent.append(f"{member}: {error}")
            path.unlink(missing_ok=True)
        else:
            return
    raise SourceError(f"no member gives its keys: {'; '.join(silent) or roles}")


def order(roles: Mapping[str, Sequence[str]]) -> list[str]:
    """Whom to ask, by their answers to ROLE. Replicas that follow, the one that has come farthest first; the master
    where nobody follows it: sentinels take whoever copies from a master for a replica of it, for ever
    (redis/redis#2132)."""
    following = [(int(told[4]), member) for member, told in roles.items() if told[:1] == ["slave"] and _follows(told)]
    masters = [member for member, told in roles.items() if told[:1] == ["master"]]
    return [member for _, member in sorted(following, reverse=True)] or masters


def _follows(told: Sequence[str]) -> bool:
    return len(told) > 4 and told[3] == "connected"


def check(path: Path) -> None:
    """Every key is read and the checksum compared. SourceError."""
    run("redis-check-rdb", str(path))


def _ask(member: str, command: str) -> list[str]:
    lines = run(*_words(member), "-t", "5", given=f"AUTH {_USER} {_LOGIN.read_text()}\n{command}\n").splitlines()
    if lines[:1] != ["OK"]:
        raise SourceError(" ".join(lines[:1]) or "no answer")
    return lines[1:]


def _words(member: str) -> tuple[str, ...]:
    host, port = member.rsplit(":", 1)
    return ("redis-cli", *_TLS, "-h", host, "-p", port)
