"""While a host is empty, names that it shares with others lead past it. A PgBouncer that logs in where no HAProxy is
refuses its clients meanwhile, unless it has another connection (pgbouncer/pgbouncer#872).

A container that is started anew has all its names again: then the drain may be said again."""

from collections.abc import Iterable, Iterator

from docker.models.containers import Container

from basalt.operations.drain.hands import RUNS, DrainError, containers, otherwise_told
from basalt.operations.switchover.hands import Hand, HandError
from basalt.site import Instance, Site
from basalt.targets.docker.container import hosts

_FILE = "/etc/hosts"
#: Seconds beyond those for a transaction until a pooler's answer is missed.
_MORE = 10.0


def past(text: str, address: str) -> str:
    """The file of hosts (hosts(5)) without the lines of an address whose names all lead elsewhere too."""
    lines = text.splitlines(keepends=True)
    elsewhere = {name for line in lines if (words := line.split()) and words[0] != address for name in words[1:]}
    return "".join(line for line in lines if line.split()[:1] != [address] or {*line.split()[1:]} - elsewhere)


def back(text: str, declared: Iterable[tuple[str, str]]) -> str:
    """The file with a line for every pair of name and address."""
    there = {(name, words[0]) for line in text.splitlines() if (words := line.split()) for name in words[1:]}
    more = [f"{address}\t{name}\n" for name, address in declared if (name, address) not in there]
    return text + "".join(more)


def lead_past(site: Site, host: str, wait: float) -> None:
    """Connections through the host end with their transactions, none of which may last longer than `wait` seconds.
    DrainError."""
    address = str(site.topology.hosts[host].address)
    for pooler, container in _poolers(site, host):
        text = _read(container)
        if (led := past(text, address)) != text:
            _write(container, led)
        if led != back(text, _declared(site, pooler, address)):
            _reconnect(site, pooler, address, wait)


def lead_back(site: Site, host: str) -> None:
    """New connections go through the host too. DrainError."""
    address = str(site.topology.hosts[host].address)
    for pooler, container in _poolers(site, host):
        text = _read(container)
        if (led := back(text, _declared(site, pooler, address))) != text:
            _write(container, led)


def _declared(site: Site, pooler: Instance, address: str) -> list[tuple[str, str]]:
    return [pair for pair in hosts(site, pooler) if pair[1] == address]


def _reconnect(site: Site, pooler: Instance, address: str, wait: float) -> None:
    hand = Hand(site, pooler, "pgbouncer-guard", "reconnect", address, f"{wait:g}")
    try:
        hand.event("reconnected", seconds=wait + _MORE)
    except HandError as error:
        raise DrainError(f"{error}; end what is under way there, and say it again") from error
    finally:
        hand.close()
        hand.wait(1)


def _poolers(site: Site, host: str) -> Iterator[tuple[Instance, Container]]:
    """Those elsewhere that run."""
    for pooler in site.of("pgbouncer"):
        if pooler.host != host:
            found = containers(site, pooler.host).get(pooler.name)
            if found and found.status == RUNS:
                yield pooler, found


def _read(container: Container) -> str:
    text = _do(container, ["cat", _FILE], "")
    if "localhost" not in text:
        raise DrainError(f"{container.name}: {_FILE} is not what an engine writes: {text!r}")
    return text


def _write(container: Container, text: str) -> None:
    # The engine has mounted it there: it can be written, and not be replaced.
    _do(container, ["sh", "-c", f'printf %s "$1" > {_FILE}', "sh", text], "0:0")


def _do(container: Container, command: list[str], user: str) -> str:
    with otherwise_told(f"the names of {container.name} are as they were; say it again"):
        code, output = container.exec_run(command, user=user)
    told = output.decode() if isinstance(output, bytes) else ""
    if code:
        raise DrainError(f"{command[0]} in {container.name} ended with {code}: {told.strip()}")
    return told
