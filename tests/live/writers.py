"""Containers that only write lines, with the labels that a container of a stack has."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import docker
from docker.models.containers import Container
from docker.types import LogConfig

from basalt.images import reference
from basalt.targets.docker.container import LOG

#: `number` counts up; `lines` in all, `rate` a second.
COUNTER = """
import sys, time
mark, lines, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
out, started, number = sys.stdout.buffer, time.monotonic(), 0
while number < lines:
    due = min(lines, int((time.monotonic() - started) * rate) + 1)
    while number < due:
        upto = min(due, number + 200)
        out.write(b"".join(
            b'{"level":"info","message":"line of a flood","number":%d,"mark":"%s","request_id":"%032x",'
            b'"path":"/orders/17","seconds":0.0123}\\n' % (n, mark.encode(), n) for n in range(number, upto)
        ))
        number = upto
    out.flush()
    time.sleep(0.005)
print(time.monotonic() - started, file=sys.stderr)
"""

PRINTER = "import json, sys; [print(line, flush=True) for line in json.loads(sys.argv[1])]"


@contextmanager
def writer(stack: str, name: str, program: str, *arguments: str) -> Iterator[Container]:
    """Runs a Python program in a container `<stack>-<name>-1` until it is left. Nothing else reaches it: no network."""
    client = docker.from_env()
    container = client.containers.run(
        reference("app"),
        ["-c", program, *arguments],
        entrypoint="python3",
        name=f"{stack}-{name}-1",
        labels={"basalt.stack": stack, "basalt.service": name, "basalt.workload": name},
        log_config=LogConfig(type="json-file", config=LOG),
        user="10001:10001",
        network_mode="none",
        mem_limit="128m",
        read_only=True,
        cap_drop=["ALL"],
        detach=True,
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def counting(stack: str, name: str, mark: str, lines: int, rate: int) -> AbstractContextManager[Container]:
    """A container that counts to `lines`, `rate` a second."""
    return writer(stack, name, COUNTER, mark, str(lines), str(rate))


def printing(stack: str, name: str, lines: list[str]) -> AbstractContextManager[Container]:
    """A container that prints lines and ends."""
    return writer(stack, name, PRINTER, json.dumps(lines))
