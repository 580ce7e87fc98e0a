"""A bad network: every packet that a network namespace sends is delayed, some are lost. What `tc qdisc add dev eth0
root netem delay 200ms 100ms loss 5%` does, for kernels without netem: the firewall hands the packets to this process
(NFQUEUE), which gives its verdicts later. Source: linux/netfilter/nfnetlink_queue.h.

    nsenter -t PID -n python -m bench.failover.delay SECONDS [--delay 0.2] [--spread 0.1] [--loss 0.05]"""

import argparse
import heapq
import random
import select
import socket
import struct
import subprocess
import time
from collections.abc import Iterator

_QUEUE = 5
_NETFILTER, _SUBSYSTEM = 12, 3 << 8
_PACKET, _VERDICT, _CONFIG = (_SUBSYSTEM | number for number in range(3))
_DROP, _ACCEPT = 0, 1
_RULE = ("OUTPUT", "-t", "mangle", "-o", "eth0", "-j", "NFQUEUE", "--queue-num", str(_QUEUE))


def _message(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    body = struct.pack("!BBH", socket.AF_INET, 0, _QUEUE)
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 1, 0, 0) + body


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    while len(body) >= 4:
        length, number = struct.unpack_from("=HH", body)
        yield number & 0x7FFF, body[4:length]
        body = body[length + 3 & ~3 :]


def _ids(datagram: bytes) -> Iterator[int]:
    """Of the packets that are told of."""
    while len(datagram) >= 16:
        length, kind = struct.unpack_from("=IH", datagram)
        if kind == _PACKET:
            yield from (struct.unpack_from("!I", value)[0] for n, value in _attributes(datagram[20:length]) if n == 1)
        datagram = datagram[length + 3 & ~3 :]


def _open() -> socket.socket:
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    link.bind((0, 0))
    link.send(_message(_CONFIG, (1, struct.pack("!BBH", 1, 0, socket.AF_INET))))  # bind
    link.send(_message(_CONFIG, (2, struct.pack("!IB", 0, 1))))  # no payload
    link.send(_message(_CONFIG, (3, struct.pack("!I", 60_000))))  # so many may wait
    return link


def delay(seconds: float, each: float, spread: float, loss: float) -> int:
    """For so long; how many packets were delayed by `each` +-`spread` seconds, or lost with the probability `loss`."""
    link, waiting, seen = _open(), list[tuple[float, int]](), 0
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end or waiting:
        while waiting and waiting[0][0] <= now:
            link.send(_message(_VERDICT, (2, struct.pack("!II", _ACCEPT, heapq.heappop(waiting)[1]))))
        if not select.select([link], [], [], 0.002)[0]:
            continue
        for packet in _ids(link.recv(1 << 16)):
            seen += 1
            if random.random() < loss:  # noqa: S311  chance need not be secret
                link.send(_message(_VERDICT, (2, struct.pack("!II", _DROP, packet))))
            else:
                due = now + (each + random.uniform(-spread, spread) if now < end else 0)  # noqa: S311
                heapq.heappush(waiting, (due, packet))
    return seen


def main() -> None:
    """Takes the rule away again, whatever happens."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--spread", type=float, default=0.1)
    parser.add_argument("--loss", type=float, default=0.05)
    told = parser.parse_args()
    subprocess.run(["iptables", "-w", "-A", *_RULE], check=True)
    try:
        print(delay(told.seconds, told.delay, told.spread, told.loss), "packets")
    finally:
        subprocess.run(["iptables", "-w", "-D", *_RULE], check=True)


if __name__ == "__main__":
    main()
