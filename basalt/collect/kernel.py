"""What a host's kernel is asked for by what stands on the host: variables of sysctl(8). Pure arithmetic; memory in MiB.

Only what all containers share. `net.core.somaxconn`, `net.ipv4.tcp_keepalive_*` and their like belong to a network
namespace, and a new one begins with the kernel's defaults (linux, net/core/net_namespace.c and net/ipv4/tcp_ipv4.c,
tcp_sk_init): set on the host, they would be nobody's. PostgreSQL's keepalives are among its own parameters, and 4096
connections may wait to be taken (Linux 5.4) where PgBouncer's pools end at hundreds.

No huge page is reserved: PostgreSQL asks with `huge_pages = try`, and what is reserved would not count towards the
container's memory limit (cgroup-v2, memory_hugetlb_accounting, off by default), so that a plan could promise it twice.

Sources: Linux, Documentation/admin-guide/sysctl/vm.rst; PostgreSQL 17 manual, 18.4; redis.io, "Redis administration";
Autobase (automation/roles/common/defaults)."""

from collections.abc import Set
from typing import Final

from basalt.workload import Tier

Variables = dict[str, int]

_MIB: Final = 1024 * 1024


def kernel(memory: int, tiers: Set[Tier]) -> Variables:
    """Variables by name, for a host of so much memory that carries workloads of these tiers."""
    return {**_swap(tiers), **_promises(), **_unwritten(memory)}


def _swap(tiers: Set[Tier]) -> Variables:
    # A page of a database that is on the swap device makes a query wait twice for the disk. 1 and not 0: rather slow
    # than killed (vm.rst; Autobase: 1). Elsewhere idle programs may make room for what is read often.
    return {"vm.swappiness": 1 if Tier.DATA in tiers else 10}


def _promises() -> Variables:
    # Memory is promised to whoever asks. Redis forks for a snapshot, which doubles what it was promised and not what it
    # uses; refused, it takes no write any more (redis.io). PostgreSQL's manual (18.4.4) wants 2, so that a host without
    # limits refuses before it kills. Here each container has its limit, and the kernel kills within it, whatever the
    # host has promised; that PostgreSQL stays below its own is the tuning's first rule.
    return {"vm.overcommit_memory": 1}


def _unwritten(memory: int) -> Variables:
    # By default a tenth of the memory waits to be written before anything is, and at a fifth who writes must wait:
    # seconds of the disk's time, for which the next fsync of a commit queues. 512 MiB at 16 GiB is Autobase's figure;
    # begun at a quarter of it, so that the disk is busy before anybody waits.
    begun = min(128, max(32, memory // 128)) * _MIB
    return {"vm.dirty_background_bytes": begun, "vm.dirty_bytes": 4 * begun}
